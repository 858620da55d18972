"""What every channel makes of every answer: one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tocsin.channels import registry
from tocsin.channels.domain import Delivered, Failed, Fault, Outcome, Response, Retry

DATE = "Sun, 01 Mar 2026 09:30:00 GMT"
IN_90_S = "Sun, 01 Mar 2026 09:31:30 GMT"
NTFY_OK = b'{"id":"sPs71M8A2T","time":1643935928,"event":"message","topic":"ann"}'
QUOTA = b'{"code":42908,"http":429,"error":"limit reached: daily message quota reached"}'
BUSY = b'{"code":42901,"http":429,"error":"limit reached: too many requests"}'
HTTP = ("webhook", "ntfy", "push")


def http(status: int, body: bytes = b"", **headers: str) -> Response:
    return Response(
        status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def smtp(status: int, fault: Fault, detail: str) -> Response:
    return Response(status=status, fault=fault, detail=detail)


# the channels, the answer, what is made of it: (kind, seconds to wait or None, disable)
TABLE: list[tuple[tuple[str, ...], Response, tuple[str, float | None, bool]]] = [
    (HTTP, http(200, NTFY_OK), ("delivered", None, False)),
    (("webhook",), http(202), ("delivered", None, False)),
    (("webhook",), http(204), ("delivered", None, False)),
    (("ntfy",), http(200, b"<html>please sign in</html>"), ("retry", None, False)),
    (("ntfy",), http(200, b"\xff\xfe"), ("retry", None, False)),
    (("ntfy",), http(200, b"[]"), ("retry", None, False)),
    (HTTP, http(301, location="https://x/"), ("failed", None, False)),
    (HTTP, http(302, location="http://169.254.169.254/"), ("failed", None, False)),
    (HTTP, http(400), ("failed", None, False)),
    (HTTP, http(401), ("failed", None, False)),
    (HTTP, http(403), ("failed", None, False)),
    (("webhook", "ntfy"), http(404), ("failed", None, False)),
    (("push",), http(404), ("failed", None, True)),
    (("push",), http(201), ("delivered", None, False)),
    (HTTP, http(408), ("retry", None, False)),
    (HTTP, http(410), ("failed", None, True)),
    (HTTP, http(413), ("failed", None, False)),
    (HTTP, http(422), ("failed", None, False)),
    (HTTP, http(425), ("retry", None, False)),
    (HTTP, http(429), ("retry", None, False)),
    (HTTP, http(429, BUSY, retry_after="7"), ("retry", 7.0, False)),
    (("ntfy",), http(429, QUOTA, retry_after="7"), ("failed", None, False)),
    (HTTP, http(429, retry_after="86400"), ("retry", 300.0, False)),
    (HTTP, http(503, retry_after="0"), ("retry", 0.0, False)),
    (HTTP, http(503, retry_after=IN_90_S, date=DATE), ("retry", 90.0, False)),
    (HTTP, http(503, retry_after=DATE, date=IN_90_S), ("retry", 0.0, False)),
    (HTTP, http(503, retry_after=IN_90_S), ("retry", None, False)),
    (HTTP, http(503, retry_after="-5"), ("retry", None, False)),
    (HTTP, http(503, retry_after="soon", date=DATE), ("retry", None, False)),
    (HTTP, http(503, retry_after="1e9999"), ("retry", None, False)),
    (HTTP, http(503, retry_after="Sun, 01 Mar 2026 09:31:30", date=DATE), ("retry", None, False)),
    (HTTP, http(500), ("retry", None, False)),
    (HTTP, http(502), ("retry", None, False)),
    (HTTP, http(599), ("retry", None, False)),
    (HTTP, Response(fault=Fault.FORBIDDEN_ADDRESS), ("failed", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.CONNECT), ("retry", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.TIMEOUT), ("retry", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.TLS), ("retry", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.DNS), ("retry", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.PROTOCOL), ("retry", None, False)),
    ((*HTTP, "email"), Response(fault=Fault.NOT_CONFIGURED), ("failed", None, False)),
    (("email",), Response(status=250, detail="queued as 4F1"), ("delivered", None, False)),
    (("email",), smtp(451, Fault.BUSY, "4.3.0 later"), ("retry", None, False)),
    (("email",), smtp(550, Fault.RECIPIENT_REFUSED, "5.1.1 no such user"), ("failed", None, True)),
    (("email",), smtp(550, Fault.RECIPIENT_REFUSED, "User unknown"), ("failed", None, True)),
    (("email",), smtp(550, Fault.RECIPIENT_REFUSED, "5.1.8 bad sender"), ("failed", None, False)),
    (("email",), smtp(552, Fault.RECIPIENT_REFUSED, "5.2.2 mailbox full"), ("failed", None, False)),
    (("email",), smtp(550, Fault.RECIPIENT_REFUSED, "5.7.1 blocked as spam"), ("failed", None, False)),
    (("email",), smtp(554, Fault.REJECTED, "5.7.1 blocked as spam"), ("failed", None, False)),
    (("email",), smtp(535, Fault.REJECTED, "5.7.8 wrong password"), ("failed", None, False)),
    (("inbox",), Response(status=200), ("delivered", None, False)),
]
ROWS = [(channel, response, expected) for channels, response, expected in TABLE for channel in channels]


@pytest.mark.parametrize(("channel", "response", "expected"), ROWS)
def test_an_answer_has_one_outcome(channel: str, response: Response, expected: tuple[str, float | None, bool]) -> None:
    """Delivered, to be tried again, or failed: the same answer always means the same."""
    outcome = registry.CHANNELS[channel].judge(response)
    assert SHAPES[type(outcome)](outcome) == expected
    if not isinstance(outcome, Delivered):
        assert outcome.reason


def test_receipts_are_kept() -> None:
    """Where the other side gives an id, the delivery has it."""
    assert registry.CHANNELS["ntfy"].judge(http(200, NTFY_OK)) == Delivered(receipt="sPs71M8A2T")
    assert registry.CHANNELS["push"].judge(http(201, location="https://push.example.net/m/7Yx")) == Delivered(
        receipt="7Yx"
    )
    assert registry.CHANNELS["email"].judge(Response(status=250, detail="queued as 4F1")) == Delivered(
        receipt="queued as 4F1"
    )


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("channel", [name for name in registry.CHANNELS if name != "inbox"])
def test_no_fault_is_a_delivery(channel: str, fault: Fault) -> None:
    """Whatever went wrong, it is never counted as delivered, and there are words for it."""
    outcome = registry.CHANNELS[channel].judge(Response(status=200, body=NTFY_OK, fault=fault))
    assert not isinstance(outcome, Delivered)
    assert outcome.reason


SHAPES: Mapping[type, Callable[[Outcome], tuple[str, float | None, bool]]] = {
    Delivered: lambda _: ("delivered", None, False),
    Retry: lambda outcome: ("retry", outcome.after_s if isinstance(outcome, Retry) else None, False),
    Failed: lambda outcome: ("failed", None, isinstance(outcome, Failed) and outcome.disable),
}
