"""How commands end: a code that programs can rely on, and one clear line on stderr."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from cli.terminal import Terminal, spawn
from fakes.http import HttpSink
from serving import Served
from tocsin.cli.exits import Exit

USAGE = [
    (("nonsense",), "there is no verb `nonsense`"),
    (("shwo", "1"), "did you mean `show`?"),
    (("groups",), "set TOCSIN_URL"),
    (("groups", "--limit", "0"), "--limit must be between 1 and 1000"),
    (("snooze", "1"), "say either --for or --until"),
    (("snooze", "1", "--for", "soon"), "is not a time"),
    (("snooze", "1", "--until", "2020-01-01"), "is in the past"),
    (("page", "ann"), "say what it is about"),
    (("silence", "add", "a=b", "--for", "1h"), "say why"),
    (("oncall", "--at", "yesterday"), "is not a time"),
    (("oncall", "--at", "2026-01-01 10:00 Mars/Base"), "there is no time zone Mars/Base"),
    (("check", "/nowhere/at-all.yaml"), "cannot read /nowhere/at-all.yaml"),
    (("preview", "--signal", "-"), "say either --integration, or --source"),
]


@pytest.mark.parametrize(
    ("arguments", "words"), USAGE, ids=lambda part: " ".join(part) if isinstance(part, tuple) else ""
)
def test_wrong_usage(terminal: Terminal, arguments: tuple[str, ...], words: str) -> None:
    """A wrong command line ends with 2 and says how it is written."""
    ran = terminal.run(*arguments)
    assert (ran.code, ran.out) == (Exit.USAGE, "")
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_nobody_there(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not answer ends with 3."""
    monkeypatch.setenv("TOCSIN_URL", "http://127.0.0.1:1")
    ran = terminal.run("groups")
    assert (ran.code, ran.err.startswith("tocsin: cannot reach 127.0.0.1:1")) == (Exit.UNREACHABLE, True)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://localhost:abc",
        "http://localhost:99999",
        "http://local host:8301",
        "http://.",
        "http://",
        "http://localhost:8301?x=1",
        "http://localhost:8301/#x",
        "http://ann:secret@localhost:8301",
        "http://localhost/é",
        "localhost:8301",
        "ftp://localhost",
    ],
)
def test_an_address_that_is_none(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A TOCSIN_URL that cannot be meant is a wrong command line, told in one line that repeats no password."""
    monkeypatch.setenv("TOCSIN_URL", url)
    ran = terminal.run("groups")
    assert (ran.code, ran.err.startswith("tocsin: TOCSIN_URL is not a server's address")) == (Exit.USAGE, True)
    assert len(ran.err.splitlines()) == 1
    assert "secret" not in ran.err


def test_an_address_is_read_as_a_browser_does(anns: Terminal, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Capitals in the scheme, a slash or a line's end behind it: the same server is meant."""
    for url in (served.url.replace("http", "HTTP"), f"{served.url}/", f"{served.url}\r\n"):
        monkeypatch.setenv("TOCSIN_URL", url)
        assert anns.run("groups").code == Exit.OK


def test_a_token_is_never_shown(anns: Terminal, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that came with the end of its line works; one that cannot be sent is refused, and not repeated."""
    for end in ("\r", "\n", " "):
        monkeypatch.setenv("TOCSIN_TOKEN", served.tokens["ann"] + end)
        assert anns.run("groups").code == Exit.OK
    for token in ("tsn_a\rb", "tsn_a\nb", "tsn_a b", "tsn_ä", "tsn_\udcff"):
        monkeypatch.setenv("TOCSIN_TOKEN", token)
        ran = anns.run("groups")
        assert (ran.code, "tsn_" in ran.err, len(ran.err.splitlines())) == (Exit.NOT_ALLOWED, False, 1)
        assert "TOCSIN_TOKEN holds characters that no token has" in ran.err


def test_another_program_answers(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port where something else listens ends with 3 and says so."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=_say_hello, args=(other,))
        thread.start()
        monkeypatch.setenv("TOCSIN_URL", f"http://127.0.0.1:{other.getsockname()[1]}")
        ran = terminal.run("groups")
        thread.join()
    assert (ran.code, "is no Tocsin" in ran.err) == (Exit.UNREACHABLE, True), ran


def _say_hello(other: socket.socket) -> None:
    connection, _ = other.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")


def test_not_allowed(anns: Terminal, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong token, or one whose person may not, ends with 4."""
    number = served.trouble("not for dan")
    monkeypatch.setenv("TOCSIN_TOKEN", served.tokens["dan"])
    ran = anns.run("ack", str(number))
    assert (ran.code, "this needs the right to respond" in ran.err) == (Exit.NOT_ALLOWED, True)
    monkeypatch.setenv("TOCSIN_TOKEN", "tsn_wrong")
    assert anns.run("groups").code == Exit.NOT_ALLOWED
    monkeypatch.delenv("TOCSIN_TOKEN")
    assert "set TOCSIN_TOKEN" in anns.run("groups").err


def test_not_there(anns: Terminal) -> None:
    """What does not exist ends with 1, and the others are done all the same."""
    ran = anns.run("show", "AG-999999")
    assert (ran.code, ran.err) == (Exit.PROBLEM, "tocsin: there is no alert group AG-999999\n")


def test_help_needs_no_framework() -> None:
    """`tocsin --help` names every verb without importing Django, so that it is there at once."""
    ran = spawn("--help", PYTHONPROFILEIMPORTTIME="1")
    assert ran.code == 0
    assert all(f"\n  {verb} " in ran.out for verb in ("serve", "apply", "ack", "shifts"))
    imported = {line.rpartition("|")[2].strip() for line in ran.err.splitlines()}
    assert "typer" in imported
    assert not {"django", "pydantic", "tocsin.kit.db"} & imported


def test_a_place_that_cannot_be_used() -> None:
    """A port that is none and a directory nobody can make are a wrong command line, told in one line."""
    for arguments, words in (
        (("serve", "--port", "99999"), "less than or equal to 65535"),
        (("migrate", "--data", "/proc/nowhere"), "cannot keep anything in /proc/nowhere: No such file or directory"),
    ):
        ran = spawn(*arguments)
        assert (ran.code, words in ran.err.replace("\n", " ")) == (Exit.USAGE, True), ran
        assert "Traceback" not in ran.err


def test_whoever_stops_reading_is_not_told_off() -> None:
    """`tocsin schema | head` says nothing on stderr about the reader who left."""
    with subprocess.Popen([sys.executable, "-m", "tocsin", "schema"], stdout=PIPE, stderr=PIPE) as program:
        assert program.stdout
        assert program.stderr
        program.stdout.read(1)
        program.stdout.close()
        assert program.stderr.read() == b""


def test_a_token_follows_no_redirect(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends elsewhere is told with what to set instead; nothing is sent there, least of all the token."""
    with HttpSink() as named, HttpSink() as other:
        named.redirect(f"{other.url}/api/v1/groups", times=1)
        monkeypatch.setenv("TOCSIN_URL", named.url)
        monkeypatch.setenv("TOCSIN_TOKEN", "tsn_secret")
        ran = terminal.run("groups")
        assert (ran.code, ran.err) == (
            Exit.USAGE,
            f"tocsin: the server is somewhere else: set TOCSIN_URL to {other.url}\n",
        )
        assert len(named.requests) == 1
        assert other.requests == []
