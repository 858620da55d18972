"""Encryption for one browser and the signature of who sends: by the standard's own example, and read back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.push import Browser
from tocsin.channels import push, webpush
from tocsin.channels.domain import Address, Entry, HttpRequest, Message, MessageKind, Settings
from tocsin.channels.webpush import Device, Fresh, from_text, to_text

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def raw(written: str) -> bytes:
    found = from_text(written)
    assert found is not None
    return found


def test_the_standards_own_example_comes_out() -> None:
    """RFC 8291, appendix A: the same keys, salt and text give the same bytes."""
    body = webpush.encrypt(
        b"When I grow up, I want to be a watermelon",
        Device(
            point=raw("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
            auth=raw("BTBZMqHH6r4Tts7J_aSIgg"),
        ),
        Fresh(salt=raw("DGv6ra1nlYgDCS1FRnbzlw"), scalar=raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")),
    )
    assert to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIg"
        "Dll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@given(plain=st.binary(max_size=webpush.PLAIN_BYTES_MAX), salt=st.binary(min_size=16, max_size=16))
def test_the_browser_reads_what_was_meant_for_it(plain: bytes, salt: bytes) -> None:
    """Whatever is said, up to what fits in one record, comes out on the other side as it was."""
    browser = Browser("https://push.example.net/x")
    body = webpush.encrypt(
        plain, Device(point=browser.point, auth=browser.auth), Fresh(salt=salt, scalar=(1).to_bytes(32, "big"))
    )
    assert browser.decrypt(body) == plain


@given(title=st.text(max_size=3000), summary=st.text(max_size=3000), full=st.booleans())
def test_whatever_a_tool_writes_fits(title: str, summary: str, full: bool) -> None:
    """No title or text, however long or odd, makes a notification that a push service refuses."""
    browser = Browser("https://push.example.net/x")
    entry = Entry(
        reference="AG-1",
        title=title,
        public_title="Checkout: high urgency alert",
        service="Checkout",
        severity="critical",
        urgency="high",
        url="https://tocsin.example/groups/1",
        opened_at=NOW,
        summary=summary,
    )
    message = Message(kind=MessageKind.PAGE, id="page-1", to="Ann", entries=(entry,), sent_at=NOW)
    point, auth = browser.keys
    options = {"p256dh": point, "auth": auth, "salt": to_text(b"s" * 16), "detail": "full" if full else "public"}
    one = to_text((1).to_bytes(32, "big"))
    address = Address(channel="push", target=browser.endpoint, options={**options, "ephemeral": one, "vapid": one})
    made = push.compose(message, address, Settings(), NOW)
    assert isinstance(made, HttpRequest)
    said = browser.decrypt(made.body).decode()
    assert full or "Checkout: high urgency alert" in said


@pytest.mark.parametrize(
    ("point", "auth"),
    [("", ""), ("BA", "AA"), (to_text(b"\x04" + b"1" * 64), to_text(b"a" * 16)), ("no base64!", to_text(b"a" * 16))],
)
def test_keys_that_no_browser_makes_are_refused(point: str, auth: str) -> None:
    """What is not a point of the curve is refused when it is registered, not when somebody must be woken."""
    assert webpush.wrong_keys(point, auth) is not None
    assert webpush.wrong_keys(*Browser("https://x.example/").keys) is None


@pytest.mark.parametrize(
    ("endpoint", "is_taken"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:def", True),
        ("http://127.0.0.1:9000/push/1", True),
        ("http://push.example.net/1", False),
        ("ftp://push.example.net/1", False),
        ("javascript:alert(1)", False),
    ],
)
def test_an_endpoint_is_an_https_address(endpoint: str, is_taken: bool) -> None:
    """Only what a push service can be is taken; a server on this machine may do without TLS."""
    assert (push.check(endpoint) is None) is is_taken
