"""Two servers on one PostgreSQL: what slows guessing down counts on both together, what bounds a sender on each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import pytest

from databases import Database
from real.visitor import Visitor
from serving import Served, found_company, node
from tocsin.kit import clock, db
from tocsin.people import actions
from tocsin.people.models import User

pytestmark = pytest.mark.xdist_group("real")
PASSWORD = "correct horse battery staple"
SIGN_INS_MAX = 5  # wrong ones for an account in five minutes
RESETS_MAX = 3  # for an address in an hour
TOKENS_GUESSED = 60
SLOW_KEY = "7b8c9d0e1f2a43b58c6d7e8f90a1b2c3"
PER_HOUR = 4  # so few that none is refilled while the test runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Both servers."""

    nodes: tuple[Served, Served]

    def in_turn(self, count: int) -> list[Served]:
        """One, the other, and so on."""
        return list(islice(cycle(self.nodes), count))


@pytest.fixture
def pair(postgres: Database, tmp_path: Path) -> Iterator[Pair]:
    """Both, on a database with a company in it; they send mail, so that links can be asked for."""
    tokens = found_company(postgres)
    postgres.connect()
    with db.transact(clock.now()) as tx:
        for who in ("ann", "bob"):
            actions.set_password(tx, User.objects.get(email=f"{who}@acme.example"), PASSWORD)
    more = {"TOCSIN_SMTP_URL": "smtp://127.0.0.1:9"}
    with ExitStack() as running:
        first, second = (
            running.enter_context(node(postgres, tokens, tmp_path / f"{name}.log", more=more)) for name in "ab"
        )
        yield Pair(nodes=(first, second))


def _signs_in(served: Served, who: str, password: str) -> bool:
    """Whether they are in."""
    visitor = Visitor(served.url)
    visitor.post("/sign-in", {"login": f"{who}@acme.example", "password": password}, "/sign-in")
    return visitor.get("/me")[0] == 200


def test_guessing_a_password_is_slowed_down_over_both(pair: Pair) -> None:
    """Five wrong tries are five wherever they are made; then even the right one has to wait, at both, and others may."""
    for served in pair.in_turn(SIGN_INS_MAX):
        assert not _signs_in(served, "ann", "wrong wrong wrong")
    for served in pair.nodes:
        assert not _signs_in(served, "ann", PASSWORD)
    assert _signs_in(pair.nodes[0], "bob", PASSWORD)


def test_asking_for_links_is_slowed_down_over_both(pair: Pair) -> None:
    """Three links for an address in an hour, whichever node is asked; another address still gets one."""

    def ask(served: Served, email: str) -> int:
        return Visitor(served.url).post("/password/forgotten", {"email": email}, "/password/forgotten")

    given = [ask(served, "bob@acme.example") for served in pair.in_turn(RESETS_MAX)]
    assert given == [200] * RESETS_MAX
    assert [ask(served, "bob@acme.example") for served in pair.nodes] == [429, 429]
    assert ask(pair.nodes[1], "cleo@acme.example") == 200


def test_guessing_tokens_leads_nowhere_and_shuts_nobody_out(pair: Pair) -> None:
    """Each guess is refused alike at both; whoever has a token is not made to wait for the guesses of others."""
    answers = [
        served.call(f"tsn_{place:032d}", "GET", "/api/v1/me")
        for place, served in enumerate(pair.in_turn(TOKENS_GUESSED))
    ]
    assert {one.status for one in answers} == {401}
    assert [served.api("ann", "GET", "/me").status for served in pair.nodes] == [200, 200]


def test_a_sender_is_bounded_at_each(pair: Pair) -> None:
    """An integration's `rate_limit` is each process's own: each lets that many through, then answers 429 with when."""
    document = {"service": "checkout", "source": "pagerduty", "key": SLOW_KEY, "rate_limit": f"{PER_HOUR}/h"}
    made = pair.nodes[0].api("ann", "PUT", "/config/documents/integrations/slow", document)
    assert made.status in (200, 201), made
    payload = {"summary": "full", "source": "tests", "severity": "critical"}
    event = {"routing_key": SLOW_KEY, "event_action": "trigger", "dedup_key": "one", "payload": payload}
    for served in pair.nodes:
        answers = [served.call("", "POST", "/v2/enqueue", event) for _ in range(PER_HOUR + 1)]
        assert [one.status for one in answers] == [202] * PER_HOUR + [429]
        assert int({name.lower(): held for name, held in answers[-1].headers.items()}["retry-after"]) > 60
