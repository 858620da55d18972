"""The server verbs, on a database of their own."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connections

from cli.terminal import Terminal, outside, spawn
from databases import Database
from fakes.smtp import SmtpSink
from tocsin.kit.installation import installation
from tocsin.site import doctor, environment


def test_from_nothing_to_a_token(tmp_path: Path, company: str) -> None:
    """An operator's first minutes: a database, a configuration, an account, a token alone on stdout."""
    data = str(tmp_path / "data")
    too_early = spawn("apply", company, "--data", data)
    assert (too_early.code, "run `tocsin migrate` first" in too_early.err) == (1, True)
    missing = spawn("migrate", "--check", "--data", data)
    assert (missing.code, missing.out) == (1, f"There is no database in {data} yet: `tocsin migrate` makes it.\n")
    assert not (tmp_path / "data").exists()
    migrated = spawn("migrate", "--data", data)
    assert (migrated.code, len(migrated.out.splitlines())) == (0, 1)
    assert spawn("migrate", "--verbose", "--check", "--data", data).out == (
        "The database has all tables of this version.\n"
    )
    assert spawn("apply", company, "--data", data).out.endswith("Version 1 of the configuration holds.\n")
    made = spawn("user", "add", "Ann@acme.example", "--password-stdin", "--data", data, stdin="a long password\n")
    assert (made.code, made.out) == (0, ""), made.err
    token = spawn("token", "create", "--user", "ann@acme.example", "--scope", "see", "--data", data)
    assert token.out.startswith("tsn_")
    assert len(token.out.splitlines()) == 1


TEAM = "tocsin: 1\npeople:\n  max: {name: Max, email: max@acme.example, contacts: {m: {email: max@acme.example}}}\n"


def test_what_a_change_brings_is_told_where_it_stands(sqlite: Database, terminal: Terminal, tmp_path: Path) -> None:
    """plan and apply tell the findings that are new, with file and line; check of what is in force names the file."""
    file = tmp_path / "team.yaml"
    file.write_text(TEAM + "teams:\n  one: {name: One}\n")
    expected = (
        f"{file}:5:3: teams.one.members: warning: team one has no members, so a page to it reaches nobody [empty-team]"
    )
    assert expected in terminal.run("plan", str(file)).out
    applied = terminal.run("apply", str(file)).out
    assert (expected in applied, applied.endswith("Version 1 of the configuration holds.\n")) == (True, True)
    file.write_text(TEAM + "teams:\n  one: {name: One}\n  two: {name: Two}\n")
    told = json.loads(terminal.run("plan", "--json", str(file)).out)["findings"]
    assert [(one["name"], one["file"], one["line"]) for one in told] == [("two", str(file), 6)], "only what is new"
    told = json.loads(terminal.run("apply", "--json", str(file)).out)["findings"]
    assert [(one["name"], one["file"], one["line"]) for one in told] == [("two", str(file), 6)]
    assert json.loads(terminal.run("apply", "--json", str(file)).out)["findings"] == []
    terminal.run("user", "add", "zoe@acme.example", "--role", "responder")
    found = {one["name"]: one for one in json.loads(terminal.run("check", "--json").out)["findings"]}
    assert [(found[name]["file"], found[name]["line"]) for name in ("one", "zoe")] == [(str(file), None), ("", None)]
    assert f"{file}: teams.one.members: warning: team one has no members" in terminal.run("check").out
    assert "\npeople.zoe.contacts: warning: " in terminal.run("check").out


def test_a_version_that_only_hands_over_says_so(sqlite: Database, terminal: Terminal, tmp_path: Path) -> None:
    """Another set of files takes a document over: nothing in it changes, and the history does not show an empty line."""
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    for file in (first, second):
        file.write_text(TEAM)
    assert terminal.run("apply", str(first)).code == 0
    taken = terminal.run("apply", "--scope", "other", str(second)).out
    assert f"note: person max, from {first}, is from now on managed by its file" in taken
    assert "Version 2 of the configuration holds." in taken
    lines = terminal.run("history").out.splitlines()
    assert [line.split("  ")[-1] for line in lines[1:]] == ["who manages what", "person max is added"]


def test_tokens_are_listed_and_revoked(sqlite: Database, terminal: Terminal, company: str) -> None:
    """What could be used stands in the list with whose it is, never the secret; what is revoked is in it no more."""
    assert terminal.run("apply", company).code == 0
    assert terminal.run("token", "list").out == "There is no token.\n"
    for who in ("ann", "bob"):
        assert terminal.run("user", "add", f"{who}@acme.example").code == 0
    made = terminal.run("token", "create", "--user", "ann@acme.example", "--name", "laptop", "--scope", "see").out
    terminal.run("token", "create", "--user", "bob@acme.example", "--name", "script", "--expires", "90d")
    listed = terminal.run("token", "list")
    assert ("laptop" in listed.out, "script" in listed.out, made.strip() in listed.out) == (True, True, False)
    [anns] = json.loads(terminal.run("token", "list", "--user", "Ann@acme.example", "--json").out)
    assert (anns["account"], anns["name"], anns["scopes"]) == ("ann@acme.example", "laptop", ["see"])
    assert terminal.run("token", "revoke", str(anns["id"]), "999").code == 1
    assert "laptop" in terminal.run("token", "list").out, "none was revoked, since one of them could not be"
    assert terminal.run("token", "revoke", str(anns["id"])).code == 0
    assert terminal.run("token", "list", "--user", "ann@acme.example").out == "ann@acme.example has no token.\n"
    assert terminal.run("token", "revoke", str(anns["id"])).code == 1


def test_an_account_brings_its_person(sqlite: Database, terminal: Terminal, company: str) -> None:
    """Who is not in the configuration is added to it; who is keeps their document; nobody gets two accounts."""
    assert terminal.run("apply", company).code == 0
    newcomer = terminal.run("user", "add", "zoe.zed@acme.example", "--name", "Zoe Zed", "--role", "viewer")
    assert (newcomer.code, len(newcomer.out.split())) == (0, 1)
    assert "zoe-zed may sign in as zoe.zed@acme.example" in newcomer.err
    exported = json.loads(terminal.run("export", "--json").out)
    assert (exported["people"]["zoe-zed"]["name"], exported["people"]["zoe-zed"]["role"]) == ("Zoe Zed", "viewer")
    assert "ann may sign in" in terminal.run("user", "add", "ann@acme.example").err
    again = terminal.run("user", "add", "ANN@acme.example")
    assert (again.code, "there is an account for ann@acme.example already" in again.err) == (1, True)
    missing = terminal.run("token", "create", "--user", "nobody@acme.example")
    assert (missing.code, "there is no account for nobody@acme.example" in missing.err) == (1, True)


def test_who_did_it_stands_in_the_history(
    sqlite: Database, terminal: Terminal, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is done on this machine is whoever's who is signed in to it: a version, an account, a token."""
    monkeypatch.setenv("SUDO_USER", "sue")
    terminal.run("apply", company)
    terminal.run("user", "add", "zoe@acme.example")
    terminal.run("token", "create", "--user", "zoe@acme.example")
    terminal.run("token", "revoke", "1")
    assert [one["by"] for one in json.loads(terminal.run("history", "--json").out)] == ["shell:sue"] * 2
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT name, actor FROM journal_fact WHERE name LIKE 'Account%' OR name LIKE 'Token%'")
        told = cursor.fetchall()
    assert told == [(name, "shell:sue") for name in ("AccountOpened", "TokenCreated", "TokenRevoked")]


def test_a_password_that_is_too_short(sqlite: Database, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A short password is refused before anything is changed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    ran = terminal.run("user", "add", "ann@acme.example", "--password-stdin")
    assert (ran.code, "at least 10 characters" in ran.err) == (2, True)


def test_a_backup_brings_everything_back(sqlite: Database, terminal: Terminal, company: str, tmp_path: Path) -> None:
    """What was backed up is there again after a restore, whatever was done in between; others cannot read the file."""
    terminal.run("apply", company)
    exported = terminal.run("export").out
    backup = tmp_path / "backup.sqlite3"
    assert terminal.run("backup", str(backup)).code == 0
    assert backup.stat().st_mode & 0o077 == 0
    other = tmp_path / "other.yaml"
    other.write_text("tocsin: 1\npeople: {max: {name: Max, email: max@acme.example}}\n")
    assert terminal.run("apply", str(other), "--prune").code == 0
    assert terminal.run("export").out != exported
    assert terminal.run("restore", str(backup)).code == 0
    assert [path.name for path in tmp_path.glob("backup*")] == ["backup.sqlite3"]
    assert terminal.run("export").out == exported
    assert [one["version"] for one in json.loads(terminal.run("history", "--json").out)] == [1]


HUSH = "whsec_" + "A" * 32
SECRETIVE = f"""
tocsin: 1
people:
  max: {{name: Max, email: max@acme.example, contacts: {{hook: {{webhook: "https://max.example/", secret: {HUSH}}}}}}}
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_an_engine_says_how_it_was_stopped(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """Ctrl+C ends it with 130, as it ends every verb; being told to stop is no trouble. Both stop it in order."""
    assert spawn("migrate", "--data", str(tmp_path)).code == 0
    command = [sys.executable, "-m", "tocsin", "engine", "--data", str(tmp_path)]
    with subprocess.Popen(command, env=outside(), stderr=subprocess.PIPE, text=True) as engine:
        try:
            assert engine.stderr
            for line in engine.stderr:
                if "engine.ready" in line:
                    engine.send_signal(number)
                last = line
            assert ("engine.stopped" in last, engine.wait(60)) == (True, code)
        finally:
            engine.kill()


def test_a_restore_without_its_secret_says_so_and_nothing_starts(tmp_path: Path) -> None:
    """Into an empty directory: the data is there, the code is 1, and serve and engine refuse until the secret is back."""
    _found(tmp_path)
    assert spawn("backup", str(tmp_path / "b"), "--data", str(tmp_path / "old")).code == 0
    ran = spawn("restore", str(tmp_path / "b"), "--data", str(tmp_path / "new"))
    assert ran.code == 1
    assert "encrypted with another secret" in ran.err
    for verb in (("engine",), ("serve", "--port", "0"), ("export",)):
        assert spawn(*verb, "--data", str(tmp_path / "new")).code == 1, verb
    (tmp_path / "new" / "secret").write_text((tmp_path / "old" / "secret").read_text())
    assert HUSH in spawn("export", "--data", str(tmp_path / "new")).out


def test_a_backup_may_carry_its_secret_locked(tmp_path: Path) -> None:
    """With the passphrase everything is readable elsewhere; with another nothing is changed; the file tells nothing."""
    _found(tmp_path)
    backup, new = tmp_path / "b", str(tmp_path / "new")
    right, wrong = {"TOCSIN_BACKUP_PASSPHRASE": "correct horse battery"}, {"TOCSIN_BACKUP_PASSPHRASE": "x" * 12}
    assert spawn("backup", "--with-secret", str(backup), "--data", str(tmp_path / "old"), **right).code == 0
    locked = tmp_path / "b.secret"
    assert locked.stat().st_mode & 0o077 == 0
    assert (tmp_path / "old" / "secret").read_text().strip() not in locked.read_text()
    refused = spawn("restore", "--with-secret", str(backup), "--data", new, **wrong)
    assert (refused.code, "cannot be opened with this passphrase" in refused.err) == (1, True)
    assert spawn("restore", "--with-secret", str(backup), "--data", new).code == 2
    done = spawn("restore", "--with-secret", str(backup), "--data", new, **right)
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "new" / "secret.before-restore").exists()
    assert HUSH in spawn("export", "--data", new).out


def _found(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text(SECRETIVE)
    assert spawn("migrate", "--data", str(folder / "old")).code == 0
    assert spawn("apply", str(config), "--data", str(folder / "old")).code == 0


def test_doctor_finds_what_is_wrong(sqlite: Database, terminal: Terminal) -> None:
    """On an empty installation every problem stands with what to do, and the code says so."""
    ran = terminal.run("doctor", "--json")
    assert ran.code == 1
    found = {one["check"]: one for one in json.loads(ran.out)}
    problems = {name for name, one in found.items() if one["state"] == "problem"}
    assert problems == {"engine", "configuration", "accounts"}
    assert all(one["fix"] for one in found.values() if one["state"] != "ok")


def test_doctor_waits_for_the_mail_server_s_word(
    sqlite: Database, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes the connection and never says a word is a problem; one that greets is fine."""
    urls: list[str] = []
    monkeypatch.setattr(doctor, "installation", lambda: replace(installation(), smtp_url=urls[-1]))
    with SmtpSink() as sink:
        urls.append(sink.url)
        greeted = _checked(terminal, "mail")
    with socket.create_server(("127.0.0.1", 0)) as mute:
        urls.append(f"smtp://127.0.0.1:{mute.getsockname()[1]}?starttls=never")
        monkeypatch.setattr(doctor, "CONNECT_S", 0.2)
        silent = _checked(terminal, "mail")
    assert (greeted["state"], silent["state"]) == ("ok", "problem")
    assert "does not let us in" in silent["message"]


def _checked(terminal: Terminal, check: str) -> dict[str, str]:
    found: list[dict[str, str]] = json.loads(terminal.run("doctor", "--json").out)
    return next(one for one in found if one["check"] == check)


def test_what_is_no_backup_changes_nothing(sqlite: Database, terminal: Terminal, tmp_path: Path) -> None:
    """A file that is no backup is refused."""
    other = tmp_path / "letter.txt"
    other.write_text("dear database")
    ran = terminal.run("restore", str(other))
    assert (ran.code, "is not a backup" in ran.err) == (1, True)


def test_a_database_that_cannot_be_meant(tmp_path: Path) -> None:
    """An address that is none, or two at once, end with 2."""
    ran = spawn("migrate", "--database", "mysql://x", TOCSIN_DATA=str(tmp_path))
    assert (ran.code, "postgresql://user:password@host" in ran.err) == (2, True)


def test_a_mistyped_directory_is_not_made(tmp_path: Path, company: str) -> None:
    """Verbs that need an installation say that there is none, and leave nothing where none is."""
    typo = tmp_path / "typo"
    for verb in (
        ("plan", company),
        ("export",),
        ("doctor",),
        ("engine",),
        ("token", "create", "--user", "a@b.test"),
        ("user", "first"),
    ):
        ran = spawn(*verb, "--data", str(typo))
        assert (ran.code, f"there is no database in {typo}" in ran.err) == (1, True), ran
    ran = spawn("export", "--database", "postgresql://nobody@127.0.0.1:1/x", TOCSIN_DATA=str(typo))
    assert (ran.code, f"secret is not in {typo}" in ran.err) == (1, True), ran
    assert not typo.exists()


def test_a_mistyped_command_line_is_told_first(tmp_path: Path) -> None:
    """Where no database is, what is wrong with the command line is said, not that there is none; and nothing is made."""
    data = str(tmp_path / "typo")
    for verb, words in (
        (("user", "ad", "x"), "No such command 'ad'"),
        (("token", "creat", "--user", "x"), "No such command 'creat'"),
        (("doctor", "--jsn"), "No such option: --jsn"),
        (("backup",), "Missing argument 'FILE'"),
        (("engine", "--prot"), "No such option: --prot"),
        (("serve", "--prot", "1"), "No such option: --prot"),
        (("migrate", "--chek"), "No such option: --chek"),
        (("demo", "--prot", "1"), "No such option: --prot"),
    ):
        ran = spawn(*verb, *(() if verb[0] in ("user", "token") else ("--data", data)), TOCSIN_DATA=data)
        assert (ran.code, words in ran.err) == (2, True), ran
    assert list(tmp_path.iterdir()) == []


def test_a_look_at_the_tables(tmp_path: Path) -> None:
    """What is missing in a database that is there is counted, and stays missing."""
    (tmp_path / "tocsin.sqlite3").touch()
    for _ in range(2):
        ran = spawn("migrate", "--check", "--data", str(tmp_path))
        assert (ran.code, "steps are missing" in ran.out, len(ran.out.splitlines())) == (1, True, 1), ran
    assert not (tmp_path / "secret").exists()


def test_who_makes_an_installation_second_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that start at once in an empty directory do not end up with two secrets: one of them is told to start again."""
    monkeypatch.setenv("TOCSIN_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("TOCSIN_SECRETS")
    environment.hold_back()
    (held,) = environment.installation_secrets()
    assert environment.installation_secrets() == (held,)
    assert not (tmp_path / "data").exists()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").write_text("the other's")
    with pytest.raises(environment.AlreadyMade):
        environment.keep()
    assert environment.installation_secrets() == ("the other's",)


def test_a_backup_beside_the_disk(sqlite: Database, terminal: Terminal, tmp_path: Path) -> None:
    """A directory that is not there is named."""
    ran = terminal.run("backup", str(tmp_path / "no" / "x.backup"))
    assert (ran.code, f"there is no directory {tmp_path / 'no'}" in ran.err) == (1, True)


def test_a_postgresql_that_refuses_is_quoted(postgres: Database, tmp_path: Path) -> None:
    """Whoever names a database that is not there reads PostgreSQL's own words, not how long was waited."""
    head, _, _ = postgres.environment["TOCSIN_DATABASE"].rpartition("/")
    ran = spawn("migrate", "--database", f"{head}/nowhere", TOCSIN_DATA=str(tmp_path))
    assert (ran.code, 'database "nowhere" does not exist' in ran.err) == (3, True), ran
