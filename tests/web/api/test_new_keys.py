"""A key that was given out a moment ago, by another process: the server has not heard of it, and must look."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from serving import Answer, Served
from tocsin.config import actions as configuring
from tocsin.config.actions import Applied, Author
from tocsin.kit import clock, db

SENDERS = 8


def test_a_fresh_key_is_taken_at_once_whoever_else_knocks(served: Served) -> None:
    """Right after an apply beside the server, many senders with the new key at once are accepted, each of them."""
    body = {"service": "checkout", "source": "pagerduty", "key": "f" * 32}

    def give_out() -> None:
        served.database.connect()
        try:
            with db.transact(clock.now()) as tx:
                made = configuring.put(tx, "integrations", "fresh", body, Author(by="tests"))
                assert isinstance(made, Applied)
        finally:
            db.drop_connection()

    def send(key: str) -> Answer:
        payload = {"summary": "a fresh key", "source": "tests", "severity": "info"}
        event = {"routing_key": key, "event_action": "trigger", "dedup_key": "fresh", "payload": payload}
        return served.call("", "POST", "/v2/enqueue", event)

    with ThreadPoolExecutor(max_workers=SENDERS) as threads:
        threads.submit(served.database.connect).result()
        assert send("e" * 32).status == 400  # the server has just looked, and is not to look again for a moment
        threads.submit(give_out).result()
        answers = list(threads.map(send, ["f" * 32] * SENDERS))
    assert [answer.status for answer in answers] == [202] * SENDERS
