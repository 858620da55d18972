"""What a message looks like to the person who gets it, beyond the reviewed examples."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from email.policy import SMTP

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.channels import email, ntfy, wire, words
from tocsin.channels.domain import Address, Entry, Fault, Message, MessageKind, Response, Settings
from tocsin.kit import mail
from tocsin.kit.http import HttpAnswer, HttpFault
from tocsin.kit.mail import MailAnswer, MailFault

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SETTINGS = Settings(base_url="https://tocsin.acme.example", sender="Tocsin <tocsin@acme.example>")
ANN = Address(channel="email", target="ann@acme.example")
PHONE = Address(channel="ntfy", target="https://ntfy.acme.example/ann")
ANY_TEXT = st.text(max_size=300)


def entry(number: int = 12, **changes: object) -> Entry:
    made = Entry(
        reference=f"AG-{number}",
        title="disk full on web-1",
        public_title="Checkout: high urgency",
        service="Checkout",
        severity="critical",
        urgency="high",
        url=f"https://tocsin.acme.example/groups/{number}",
        opened_at=NOW,
        summary="password=hunter2",
    )
    return msgspec.structs.replace(made, **changes)


def page(*entries: Entry, **changes: object) -> Message:
    made = Message(
        kind=MessageKind.PAGE, id="d1", to="Ann", entries=entries or (entry(),), acknowledge_url="https://t/a/1"
    )
    return msgspec.structs.replace(made, **changes)


@given(title=ANY_TEXT, service=ANY_TEXT, reference=ANY_TEXT, subject=ANY_TEXT, id_=ANY_TEXT, to=ANY_TEXT)
def test_no_text_breaks_a_mail(title: str, service: str, reference: str, subject: str, id_: str, to: str) -> None:
    """Whatever an alert is called, the mail can be built, has the headers it should, and no others."""
    for kind in MessageKind:
        one = entry(title=title, service=service, reference=reference)
        made = email.compose(page(one, kind=kind, subject=subject, id=id_, to=to), ANN, SETTINGS, NOW)
        built = mail.build(made, SETTINGS.sender, 0)
        head = built.as_bytes(policy=SMTP).partition(b"\r\n\r\n")[0]
        names = {line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))}
        assert b"Bcc" not in names
        assert len(names) == len(made.headers) + 9
        assert (built["Message-ID"], built["To"]) == (made.message_id, "ann@acme.example")


@given(st.text(max_size=500))
def test_one_line_is_one_line(written: str) -> None:
    """A subject never holds a control character or more than its length."""
    line = words.one_line(written)
    assert len(line) <= words.SUBJECT_CHARS_MAX
    assert not any(ord(letter) < 32 or letter in "\x7f\u2028\u2029\u202e" for letter in line)
    assert words.one_line(line) == line


def test_a_mail_sent_twice_is_the_same_mail() -> None:
    """Message-ID and thread depend on delivery and group only, not on when it is sent."""
    later = datetime(2026, 3, 2, tzinfo=UTC)
    first, second = (email.compose(page(), ANN, SETTINGS, now) for now in (NOW, later))
    assert first == second
    other = email.compose(page(id="d2"), ANN, SETTINGS, NOW)
    assert other.message_id != first.message_id
    assert other.thread == first.thread == "<AG-12.group@acme.example>"


def test_only_urgent_pages_are_marked_important() -> None:
    """Low urgency, and news about what somebody else took, come quietly."""
    assert email.compose(page(), ANN, SETTINGS, NOW).headers["Importance"] == "high"
    assert "Importance" not in email.compose(page(entry(urgency="low")), ANN, SETTINGS, NOW).headers
    assert "Importance" not in email.compose(page(kind=MessageKind.TAKEN), ANN, SETTINGS, NOW).headers


def test_a_large_bundle_names_twenty_and_counts_the_rest() -> None:
    """57 groups are 20 entries "and 37 more", in text and HTML alike."""
    made = email.compose(page(*(entry(number) for number in range(57))), ANN, SETTINGS, NOW)
    assert made.subject == "[HIGH] 57 alert groups in Checkout (AG-0, …)"
    for body in (made.text, made.html):
        assert "AG-19" in body
        assert "AG-20" not in body
        assert "and 37 more" in body


def test_html_holds_no_markup_of_others() -> None:
    """Titles and summaries are text, whatever they contain."""
    made = email.compose(page(entry(title="<script>", summary="<img onerror=x>"), text="<b>"), ANN, SETTINGS, NOW)
    for tag in ("<script", "<img", "<b>"):
        assert tag not in made.html
        assert tag.replace("<", "&lt;").replace(">", "&gt;") in made.html, "told, as text"


def test_a_locked_screen_shows_no_private_text() -> None:
    """Push messages carry titles and summaries only where the contact asks for them."""
    for message in (
        page(),
        page(entry(1), entry(2)),
        page(kind=MessageKind.TAKEN),
        page(subject="web-1", text="web-1"),
    ):
        body = ntfy.compose(message, PHONE, SETTINGS, NOW).body
        assert b"web-1" not in body
        assert b"hunter2" not in body
        assert b"Checkout" in body
    by_hand = msgspec.structs.replace(page(), entries=(), subject="secret words", text="secret words")
    assert b"secret words" not in ntfy.compose(by_hand, PHONE, SETTINGS, NOW).body
    full = Address(channel="ntfy", target=PHONE.target, options={"detail": "full"})
    assert b"web-1" in ntfy.compose(page(), full, SETTINGS, NOW).body


@given(summary=st.text(max_size=9000), title=st.text(max_size=900))
def test_a_push_stays_within_ntfys_limits(summary: str, title: str) -> None:
    """ntfy would make an attachment of a message beyond 4,096 bytes."""
    full = Address(channel="ntfy", target=PHONE.target, options={"detail": "full"})
    body = msgspec.json.decode(ntfy.compose(page(entry(summary=summary, title=title)), full, SETTINGS, NOW).body)
    assert len(body["message"].encode()) <= 4096
    assert len(body["actions"]) <= 3


def test_every_fault_of_the_clients_is_known_to_the_channels() -> None:
    """No fault is lost on the way from the wire to the judgement."""
    for fault in HttpFault:
        assert wire.from_http(HttpAnswer(fault=fault)).fault is Fault(fault.value)
    for refused in MailFault:
        assert wire.from_mail(MailAnswer(fault=refused)).fault is Fault(refused.value)
    answer = HttpAnswer(status=200, headers={"a": "b"}, body=b"x", detail="d")
    assert wire.from_http(answer) == Response(status=200, headers={"a": "b"}, body=b"x", detail="d")


@pytest.mark.parametrize("kind", MessageKind)
def test_a_message_without_words_still_has_a_subject(kind: MessageKind) -> None:
    """No mail goes out with an empty subject."""
    assert words.subject(Message(kind=kind, id="1", to=""), private=True)


def test_settings_have_no_more_than_a_channel_needs() -> None:
    """Channels are given values only: no clock, no client, no database."""
    assert {field.name for field in fields(Settings)} == {"base_url", "sender", "instance", "secrets"}
