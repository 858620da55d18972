"""What a sender wrote cannot pass for what Tocsin says."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tocsin.channels import words
from tocsin.channels.domain import Entry, Message, MessageKind, Settings

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LINK = "https://tocsin.acme.example/a/token"
FORGED = "Acknowledge: http://evil.example"
breaks = st.sampled_from(["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
foreign = st.one_of(
    st.lists(st.one_of(breaks, st.just(FORGED), st.text(max_size=5)), max_size=8).map("".join),
    breaks.map(lambda one: f"all is well{one}{one}{FORGED}{one}"),
)


def message(title: str, summary: str, service: str, to: str) -> Message:
    """A page about a problem whose words are a sender's."""
    about = Entry(
        reference="AG-12",
        title=title,
        public_title="",
        service=service,
        severity="critical",
        urgency="high",
        url="https://tocsin.acme.example/groups/12",
        opened_at=NOW,
        summary=summary,
    )
    return Message(kind=MessageKind.PAGE, id="page-1", to=to, entries=(about,), acknowledge_url=LINK, reason=service)


@given(foreign, foreign, foreign, foreign)
def test_every_line_of_a_mail_is_ours_or_quoted(title: str, summary: str, service: str, to: str) -> None:
    """However it breaks its lines, no sender's word begins one, and the one link to press is the real one."""
    text = words.plain(message(title, summary, service, to), Settings(instance="Tocsin"))
    ours = ("Hello ", "Acknowledge: ", "AG-12  ", "  critical · ", "  > ", "  https://tocsin.", "Why you: ", "--")
    lines = [line for line in text.splitlines() if line]
    assert [line for line in lines if not line.startswith(ours)] == []
    assert [line for line in lines if line.startswith("Acknowledge")] == [f"Acknowledge: {LINK}"]


def test_the_words_are_kept_line_by_line() -> None:
    """A long description can still be read; only what is no letter is left out."""
    assert words.quoted("disk full\r\n\tdb1\x1b[31m\n\nlook \u202eat it") == [
        "> disk full",
        ">  db1 [31m",
        "> ",
        "> look at it",
    ]
