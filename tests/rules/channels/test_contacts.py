"""How a contact is written down, and what is wrong with it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.channels.domain import Address, HttpRequest, InboxNote, Mail, Message, MessageKind, Settings
from tocsin.channels.registry import CHANNELS

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "written",
    [
        {"email": "ann@acme.example"},
        {"email": "ann+pager@sub.acme.example"},
        {"email": "root@localhost"},
        {"webhook": "https://hooks.acme.example/bob"},
        {"webhook": "http://10.1.0.5:8080/bob?x=1", "secret": SECRET},
        {"webhook": "https://user:pass@hooks.acme.example/"},
        {"ntfy": "https://ntfy.acme.example/ann"},
        {"ntfy": "https://acme.example/ntfy/ann_1-x", "token": "tk_1", "detail": "full"},
        {"ntfy": "https://ntfy.acme.example/ann", "user": "u", "password": "p w"},
        {"inbox": "ann"},
        {"sms": "+4915155500101"},
        {"voice": "+12125550100"},
    ],
)
def test_a_contact_is_accepted(written: dict[str, str]) -> None:
    """What leads somewhere by its channel's word passes, with the channel's options."""
    assert _wrong(written) == []


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ({"email": "ann"}, "ann@example.com"),
        ({"email": "ann@acme.example\r\nBcc: eve@evil.example"}, "not a mail address"),
        ({"email": "a@b.example,c@d.example"}, "not a mail address"),
        ({"email": "Ann <ann@acme.example>"}, "not a mail address"),
        ({"email": "ann@-acme.example"}, "not a mail address"),
        ({"email": "a" * 65 + "@acme.example"}, "at most"),
        ({"webhook": "hooks.acme.example"}, "https://"),
        ({"webhook": "ftp://hooks.acme.example"}, "https://"),
        ({"webhook": "https://"}, "https://"),
        ({"webhook": "https://x.example/\r\nX: y"}, "no spaces"),
        ({"webhook": "https://x.example/#part"}, "#"),
        ({"webhook": "https://x.example:99999/"}, "not a URL"),
        ({"webhook": "https://x.example:0/"}, "port 0"),
        ({"webhook": "https://x.example/" + "a" * 2000}, "at most 2000"),
        ({"webhook": "https://x.example/", "secret": "hunter2"}, "base64"),
        ({"ntfy": "https://ntfy.example"}, "topic"),
        ({"ntfy": "https://ntfy.example/"}, "topic"),
        ({"ntfy": "https://ntfy.example/a b"}, "no spaces"),
        ({"ntfy": "https://ntfy.example/a.b"}, "topic"),
        ({"ntfy": "https://ntfy.example/ann?auth=x"}, "option of its own"),
        ({"ntfy": "https://u:p@ntfy.example/ann"}, "option of its own"),
        ({"ntfy": "https://ntfy.example/ann", "token": "a\r\nb"}, "spaces"),
        ({"ntfy": "https://ntfy.example/ann", "detail": "all"}, "full or public"),
        ({"inbox": ""}, "person"),
        ({"sms": "015155500101"}, "country code"),
        ({"sms": "+49 151 555"}, "country code"),
        ({"voice": "+0123456789"}, "country code"),
        ({"voice": "+1234567890123456"}, "country code"),
    ],
)
def test_a_wrong_contact_is_explained(written: dict[str, str], hint: str) -> None:
    """What is wrong is said with what to write instead."""
    (said,) = _wrong(written)
    assert hint in said
    assert "hunter2" not in said


def test_placeholders_are_honest() -> None:
    """SMS and voice are accepted in documents, marked as not usable, limited as a carrier expects, and never send."""
    for name in ("sms", "voice"):
        channel = CHANNELS[name]
        assert not channel.implemented
        assert not channel.private
        assert [(limit.count, limit.per_s) for limit in channel.limits] == [(1, 60), (3, 900), (5, 3600)]
        message = Message(kind=MessageKind.PAGE, id="1", to="Ann")
        with pytest.raises(NotImplementedError):
            channel.compose(message, Address(channel=name, target="+4915155500101"), Settings(), NOW)


def test_secrets_do_not_show() -> None:
    """Nothing that may be logged by accident shows a secret, a link or a text."""
    hidden = "hunter2"
    values: list[object] = [
        Address(channel="webhook", target=f"https://x/{hidden}", options={"secret": hidden}),
        HttpRequest(method="POST", url=f"https://x/{hidden}", headers={"Authorization": hidden}, body=b"hunter2"),
        Message(kind=MessageKind.CODE, id="1", to="Ann", text=hidden, acknowledge_url=hidden),
        Mail(to="ann@acme.example", subject=hidden, text=hidden, html=hidden),
        InboxNote(person="ann", subject=hidden, text=hidden, acknowledge_url=hidden),
        Settings(secrets={"webhook": hidden}),
    ]
    for value in values:
        assert hidden not in repr(value)
        assert hidden not in f"{value}"


def _wrong(written: dict[str, str]) -> list[str]:
    """What the channel and its options say against a contact, whose first key is the channel's name."""
    (name, target), *options = written.items()
    channel = CHANNELS[name]
    said = [channel.check(target), *(channel.options[key].check(value) for key, value in options)]
    return [one for one in said if one is not None]
