"""A sender without a key learns nothing but that it needs one."""

from __future__ import annotations

import pytest

from serving import CHECKOUT_KEY, Served


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b'{"message":"x"}', b"[]"])
@pytest.mark.parametrize(
    ("path", "has"),
    [
        ("/v2/alerts", {"message", "took", "requestId"}),
        ("/v2/alerts/x/close", {"message", "took", "requestId"}),
        ("/v2/alerts/x/no-such-thing", {"message", "took", "requestId"}),
        ("/api/v2/alerts", {"code", "message"}),
        ("/in/alertmanager/", {"type", "title", "status", "detail"}),
        ("/in/grafana/", {"type", "title", "status", "detail"}),
        ("/in/generic/", {"type", "title", "status", "detail"}),
        ("/in/sentry/", {"type", "title", "status", "detail"}),
    ],
)
def test_who_shows_no_key_is_refused_before_it_is_read(served: Served, path: str, has: set[str], body: bytes) -> None:
    """401 in the vendor's shape, whatever the body says: what is wrong in it is told to those who may send."""
    answer = served.call("", "POST", path, body)
    assert (answer.status, set(answer.body)) == (401, has)


def test_pagerduty_still_says_what_is_wrong_with_a_body(served: Served) -> None:
    """Its key may stand in the body, so a body that cannot be read may have held one."""
    assert served.call("", "POST", "/v2/enqueue", b"{").body["errors"] == ["JSON parse error"]
    assert served.call("", "POST", "/v2/enqueue", {}).status == 400


def test_a_key_in_another_writing_is_not_kept(served: Served) -> None:
    """What is kept of a request as received holds no key, also when the sender wrote it in escapes."""
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in CHECKOUT_KEY)
    payload = '{"summary":"escaped door","source":"s","severity":"info"}'
    written = f'{{"routing_key":"{escaped}","event_action":"trigger","dedup_key":"esc","payload":{payload}}}'
    assert served.call("", "POST", "/v2/enqueue", written.encode()).status == 202
    (group,) = served.wait_for("/groups?q=escaped+door", lambda body: body["groups"])["groups"]
    (signal,) = served.api("ann", "GET", f"/signals?group={group['id']}").body["signals"]
    whole = served.api("ann", "GET", f"/signals/{signal['id']}").body
    assert "(the key)" in str(whole["raw"])
    assert escaped not in str(whole["raw"])
