"""The mailer against a real SMTP server on loopback."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from fakes import certificates
from fakes.smtp import SmtpSink
from tocsin.channels.domain import Mail
from tocsin.kit.mail import MailAnswer, Mailer, MailFault, SmtpSettings, StartTls, knock, parse_smtp_url

SENDER = "Tocsin <tocsin@acme.example>"
MAIL = Mail(
    to="ann@acme.example",
    subject="[HIGH] Café: disk full (AG-12)",
    text="Grüße\n",
    html="<p>Grüße</p>",
    message_id="<m1@acme.example>",
    thread="<AG-12.group@acme.example>",
    headers={"Auto-Submitted": "auto-generated"},
)
Result = TypeVar("Result")


def using(settings: SmtpSettings | None, work: Callable[[Mailer], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        async with Mailer(settings, SENDER) as mailer:
            return await work(mailer)

    return asyncio.run(run())


def send(sink: SmtpSink, mail: Mail = MAIL, **changes: object) -> MailAnswer:
    trusting = replace(parse_smtp_url(sink.url), ca_file=str(certificates.make().ca_file))
    settings = replace(trusting, **changes)
    return using(settings, lambda mailer: mailer.send(mail))


def test_a_mail_arrives_whole() -> None:
    """Text, HTML, umlauts and headers arrive, and the answer is the server's."""
    with SmtpSink() as sink:
        answer = send(sink)
        [got] = sink.mails
    assert (answer.status, answer.fault) == (250, None)
    assert (got.sender, got.recipients) == ("tocsin@acme.example", ("ann@acme.example",))
    assert got.message["Subject"] == MAIL.subject
    assert got.message["From"] == SENDER
    assert got.message["Message-ID"] == "<m1@acme.example>"
    assert got.message["References"] == got.message["In-Reply-To"] == "<AG-12.group@acme.example>"
    assert got.message["Auto-Submitted"] == "auto-generated"
    assert got.message["Date"]
    assert (got.text.strip(), got.html.strip()) == ("Grüße", "<p>Grüße</p>")
    assert got.message.get_content_type() == "multipart/alternative"


def test_a_mail_without_html_is_plain() -> None:
    """No HTML, no multipart."""
    with SmtpSink() as sink:
        send(sink, Mail(to="ann@acme.example", subject="s", text="t"))
        assert sink.mails[0].message.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("550 5.1.1 no such user", MailFault.RECIPIENT_REFUSED),
        ("450 4.2.1 mailbox busy", MailFault.BUSY),
        ("452 4.2.2 mailbox full", MailFault.BUSY),
    ],
)
def test_a_refused_recipient(said: str, fault: MailFault) -> None:
    """5xx for the recipient is final, 4xx is not; code and words are kept."""
    with SmtpSink() as sink:
        sink.refuse("ann@acme.example", said)
        answer = send(sink)
    assert (answer.status, answer.fault) == (int(said[:3]), fault)
    assert said[4:] in answer.detail


@pytest.mark.parametrize(
    ("said", "fault"), [("554 5.7.1 spam", MailFault.REJECTED), ("451 4.3.0 later", MailFault.BUSY)]
)
def test_a_rejected_text(said: str, fault: MailFault) -> None:
    """What the server says after the text decides."""
    with SmtpSink() as sink:
        sink.reject(said)
        answer = send(sink)
    assert (answer.status, answer.fault) == (int(said[:3]), fault)


def test_a_refusal_keeps_the_connection() -> None:
    """A refused recipient says nothing against the connection: the next mail uses it."""
    with SmtpSink() as sink:
        sink.refuse("bob@acme.example")

        async def work(mailer: Mailer) -> list[int]:
            mails = [MAIL, Mail(to="bob@acme.example", subject="s", text="t"), MAIL]
            return [(await mailer.send(mail)).status for mail in mails]

        assert using(parse_smtp_url(sink.url), work) == [250, 550, 250]
        assert sink.connections == 1


def test_a_stale_connection_is_replaced() -> None:
    """A server that closed the idle connection costs nothing but a new one."""
    with SmtpSink() as sink:

        async def work(mailer: Mailer) -> list[int]:
            first = await mailer.send(MAIL)
            await asyncio.to_thread(sink.hang_up)
            return [first.status, (await mailer.send(MAIL)).status]

        assert using(parse_smtp_url(sink.url), work) == [250, 250]
        assert sink.connections == 2


def test_a_dropped_connection_is_a_fault() -> None:
    """Hanging up within a mail on a fresh connection is CONNECT."""
    with SmtpSink() as sink:
        sink.drop()
        assert send(sink).fault is MailFault.CONNECT
        assert send(sink).status == 250


def test_a_mail_that_may_have_been_taken_is_not_sent_again_at_once() -> None:
    """Hanging up over the text of a mail on a kept connection: nobody knows, so it is a fault like on a fresh one."""
    with SmtpSink() as sink:

        async def work(mailer: Mailer) -> list[MailAnswer]:
            first = await mailer.send(MAIL)
            sink.drop()
            return [first, await mailer.send(MAIL)]

        answers = using(parse_smtp_url(sink.url), work)
        assert [one.fault for one in answers] == [None, MailFault.CONNECT]
        assert (sink.connections, len(sink.mails)) == (1, 1)


def test_nobody_listening_is_a_fault() -> None:
    """No server is CONNECT."""
    with SmtpSink() as sink:
        sink.stop_listening()
        assert send(sink).fault is MailFault.CONNECT


def test_a_silent_server_is_given_up() -> None:
    """No answer in time is TIMEOUT, and takes no longer than that."""
    with SmtpSink() as sink:
        sink.delay(60)
        started = time.monotonic()
        assert send(sink, timeout_s=0.2).fault is MailFault.TIMEOUT
        assert time.monotonic() - started < 30


def test_knocking_sends_nothing() -> None:
    """The greeting, TLS and the sign-in are tried; a silence and a wrong password are told as for a mail."""
    with SmtpSink(login=("ann", "right")) as sink:
        settings = parse_smtp_url(sink.url)
        assert asyncio.run(knock(settings)).status == 250
        assert asyncio.run(knock(replace(settings, password="wrong"))).status == 535
        assert list(sink.mails) == []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = replace(settings, port=mute.getsockname()[1], timeout_s=0.2)
        assert asyncio.run(knock(settings)).fault is MailFault.TIMEOUT


def test_no_more_connections_than_allowed() -> None:
    """Many mails at once share the connections there may be."""
    with SmtpSink() as sink:
        sink.delay(0.005)

        async def work(mailer: Mailer) -> list[MailAnswer]:
            return await asyncio.gather(*[mailer.send(MAIL) for _ in range(20)])

        answers = using(replace(parse_smtp_url(sink.url), connections_max=2), work)
        assert {answer.status for answer in answers} == {250}
        assert sink.connections == 2
        assert len(sink.mails) == 20


def test_starttls_with_sign_in() -> None:
    """The connection is raised to TLS before the password is sent."""
    made = certificates.make()
    with SmtpSink(starttls=made.server_context(), login=("tocsin", "hunter2")) as sink:
        assert send(sink).status == 250
        assert (sink.mails[0].tls, sink.mails[0].login) == (True, "tocsin")


def test_tls_from_the_first_byte() -> None:
    """smtps:// works with sign-in."""
    made = certificates.make()
    with SmtpSink(tls=made.server_context(), login=("tocsin", "hunter2")) as sink:
        assert send(sink).status == 250
        assert (sink.mails[0].tls, sink.mails[0].login) == (True, "tocsin")


def test_a_wrong_password_is_told() -> None:
    """A refused sign-in is not the recipient's fault."""
    made = certificates.make()
    with SmtpSink(starttls=made.server_context(), login=("tocsin", "hunter2")) as sink:
        answer = send(sink, password="wrong")
    assert (answer.status, answer.fault) == (535, MailFault.REJECTED)
    assert "wrong" not in answer.detail


def test_a_connection_that_failed_leaves_no_socket() -> None:
    """After a refused sign-in, and a certificate nobody vouches for, nothing is left open once the mailer is closed."""
    made = certificates.make()
    with SmtpSink(starttls=made.server_context(), login=("tocsin", "hunter2")) as sink:
        for _ in range(20):
            assert send(sink, password="wrong").fault is MailFault.REJECTED
            assert send(sink, ca_file="").fault is MailFault.TLS
            gc.collect()  # a warning about something unclosed is an error


def test_an_unknown_certificate_is_refused() -> None:
    """No mail and no password goes to a server that cannot prove its name."""
    made = certificates.make()
    for running in (SmtpSink(tls=made.server_context()), SmtpSink(starttls=made.server_context())):
        with running as sink:
            assert send(sink, ca_file="").fault is MailFault.TLS
            assert sink.mails == []


def test_required_starttls_is_required() -> None:
    """A server without STARTTLS gets no mail unless the operator says never or offered."""
    with SmtpSink() as sink:
        assert send(sink, starttls=StartTls.REQUIRE).fault is MailFault.TLS
        assert sink.mails == []
        assert send(sink, starttls=StartTls.OFFERED).status == 250


def test_without_a_server_nothing_is_sent() -> None:
    """No configured server is a fault that says what to configure."""
    answer = using(None, lambda mailer: mailer.send(MAIL))
    assert answer.fault is MailFault.NOT_CONFIGURED
    assert "TOCSIN_SMTP_URL" in answer.detail


@pytest.mark.parametrize(
    "mail",
    [
        Mail(to="ann@acme.example", subject="a\r\nBcc: eve@evil.example", text="t"),
        Mail(to="ann@acme.example\r\nBcc: eve@evil.example", subject="s", text="t"),
        Mail(to="ann@acme.example, eve@evil.example", subject="s", text="t"),
        Mail(to="ann@acme.example", subject="s", text="t", headers={"X-A": "a\nBcc: eve@evil.example"}),
        Mail(to="ann@acme.example", subject="s", text="t", thread="<a>\r\nBcc: eve@evil.example"),
        Mail(to="not an address", subject="s", text="t"),
        Mail(to="", subject="s", text="t"),
    ],
)
def test_headers_cannot_be_injected(mail: Mail) -> None:
    """A mail whose headers hold more than they should is rejected before anything is sent."""
    with SmtpSink() as sink:
        assert send(sink, mail).fault is MailFault.REJECTED
        assert sink.connections == 0


def test_dots_and_long_lines_survive() -> None:
    """A line of one dot and a line of thousands of characters arrive as written."""
    text = "first\n.\n..two\n" + "x" * 5000 + "\nlast\n"
    with SmtpSink() as sink:
        assert send(sink, Mail(to="ann@acme.example", subject="s", text=text)).status == 250
        assert sink.mails[0].text.replace("\r\n", "\n") == text


def test_the_url_is_read() -> None:
    """Server, port, TLS and sign-in come from one URL; the password may hold any character."""
    settings = parse_smtp_url("smtp://ann%40acme:p%2Fw%3A1@mail.acme.example?starttls=offered&helo=tocsin.acme.example")
    assert (settings.host, settings.port, settings.tls) == ("mail.acme.example", 587, False)
    assert (settings.username, settings.password) == ("ann@acme", "p/w:1")
    assert (settings.starttls, settings.helo) == (StartTls.OFFERED, "tocsin.acme.example")
    assert parse_smtp_url("smtps://mail.acme.example").port == 465
    assert parse_smtp_url("smtp://mail.acme.example:25").starttls is StartTls.REQUIRE


@pytest.mark.parametrize(
    "written",
    [
        "",
        "mail.acme.example",
        "http://u:hunter2@mail.acme.example",
        "smtp://u:hunter2@",
        "smtp://u:hunter2@host:port",
        "smtp://u:hunter2@host?tls=1",
        "smtp://u:hunter2@host?starttls=maybe",
    ],
)
def test_a_wrong_url_is_explained_without_its_password(written: str) -> None:
    """The message says what to write and shows no secret."""
    with pytest.raises(ValueError) as caught:
        parse_smtp_url(written)
    assert "hunter2" not in str(caught.value)


def test_the_password_does_not_show() -> None:
    """Settings can be logged."""
    assert "hunter2" not in repr(parse_smtp_url("smtp://u:hunter2@host"))
