"""The table of verbs, and the entry point.

`tocsin --help` and every client verb start without Django: a verb's module is imported when the verb is called. That
is the one place where an import waits; everywhere else imports stand at the top. Before the module of a verb that
always works on a database here is imported, Django is made ready for that database, because models cannot be imported
sooner. Nothing is made on disk until the command line is parsed and its verb runs.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperGroup

from tocsin.cli.exits import Exit, Stop
from tocsin.kit import text


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: where its commands are, and what it does in one line."""

    module: str
    about: str
    prepare: str = ""  # the module that makes the process ready for the database these arguments name


HERE = "tocsin.cli.database"  # always works on a database of this machine, never through the API
SERVER = {
    "serve": Verb("serving", "Run everything: web, API, intake and engine.", HERE),
    "engine": Verb("serving", "Run an engine alone, beside others on the same PostgreSQL database.", HERE),
    "migrate": Verb("serving", "Bring the database's tables to this version.", HERE),
    "demo": Verb("demonstration", "Run a demo organisation, to see a page arrive.", "tocsin.cli.demo_prepare"),
    "user": Verb("accounts", "Accounts: `user add EMAIL`, `user first`.", HERE),
    "token": Verb("accounts", "API tokens: `token create --user EMAIL`, `token list`, `token revoke ID`.", HERE),
    "backup": Verb("backups", "Write the whole database into one file, while everything runs.", HERE),
    "restore": Verb("backups", "Put a backup in the place of the database.", HERE),
    "doctor": Verb("doctor", "Look for what is wrong with this installation, and say what to do.", HERE),
}
CONFIGURATION = {
    "apply": Verb("configure", "Make the configuration what the files say."),
    "plan": Verb("configure", "Say what `apply` would change, and change nothing."),
    "export": Verb("configure", "Write the configuration in force as one file."),
    "check": Verb("configure", "Find what is allowed but will hurt: gaps, unreachable people, dead routes."),
    "schema": Verb("configure", "Print the JSON Schema of configuration files, for editors."),
    "history": Verb("configure", "List the versions of the configuration: when, who, what."),
    "rollback": Verb("configure", "Make an earlier version of the configuration hold again."),
    "preview": Verb("previews", "Show what an integration would read from a sample."),
    "what-if": Verb("whatif", "Trace what a signal would do at any time: who would be paged, when and why."),
}
CLIENT = {
    "groups": Verb("groups", "List alert groups."),
    "show": Verb("groups", "Show one alert group with everything that happened to it."),
    "explain": Verb("groups", "Say for one alert group what was decided, and why."),
    "search": Verb("kept_searches", "Searches you keep: `search list`, `search keep`, `search drop`."),
    "ack": Verb("responding", "Acknowledge alert groups: somebody has them."),
    "unack": Verb("responding", "Give acknowledged alert groups back: they page again."),
    "resolve": Verb("responding", "Resolve alert groups: they are over."),
    "snooze": Verb("responding", "Bother nobody about an alert group for a while."),
    "escalate": Verb("responding", "Take the next step of an alert group's policy now."),
    "note": Verb("responding", "Write something down on an alert group."),
    "page": Verb("responding", "Page people, teams or a service by hand."),
    "rehearse": Verb("rehearsing", "Page a team or a person as a test, and see who can be reached."),
    "test-alert": Verb("trying", "Send a test alert through an integration, and see what becomes of it."),
    "silence": Verb("silences", "Silences: `silence add`, `silence list`, `silence end`."),
    "oncall": Verb("oncall", "Say who is on call."),
    "shifts": Verb("oncall", "List the shifts of a schedule."),
    "override": Verb("oncall_changes", "Overrides: `override add`, `override list`, `override cancel`."),
    "swap": Verb("oncall_changes", "Swaps: `swap offer`, `swap list`, `swap accept`, `swap decline`, `swap withdraw`."),
    "absence": Verb("oncall_changes", "Absences: `absence add`, `absence list`, `absence cancel`, `absence link`."),
    "handover": Verb("oncall_changes", "Hand-overs: `handover list`, `handover accept`."),
    "invitation": Verb(
        "invitations", "Invitations: `invitation send WHO`, `invitation list`, `invitation withdraw WHO`."
    ),
    "audit": Verb("audit", "Show who signed in, was refused, or changed an account, a right or the configuration."),
    "feed": Verb("oncall_changes", "Calendar feeds: `feed create`, `feed list`, `feed revoke`."),
}
SECTIONS = {"Server": SERVER, "Configuration": CONFIGURATION, "Responding (TOCSIN_URL, TOCSIN_TOKEN)": CLIENT}
VERBS = {name: verb for verbs in SECTIONS.values() for name, verb in verbs.items()}


class Verbs(TyperGroup):
    """The verbs of the table, each imported when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the base class's signature
        return list(VERBS)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        verb = VERBS.get(args[0])
        if verb is not None and verb.prepare:
            if {"-h", "--help"} & set(args):
                importlib.import_module(HERE).prepare_for_help()
            else:
                importlib.import_module(verb.prepare).prepare(args[1:])
        if verb is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            said = f"; did you mean `{near[0]}`?" if near else "; `tocsin --help` lists them all"
            raise Stop(f"there is no verb `{args[0]}`{said}", Exit.USAGE)
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the base class's signature
        verb = VERBS.get(cmd_name)
        if verb is not None and cmd_name not in self.commands:
            module = importlib.import_module(f"tocsin.cli.{verb.module}")
            module.app.rich_markup_mode = None  # `tocsin VERB --help` reads as `tocsin --help` does
            group = typer.main.get_group(module.app)
            _name_values(group)
            self.commands.update(group.commands)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - the base class's signature
        for title, verbs in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, verb.about) for name, verb in verbs.items()])


def _name_values(command: Any) -> None:
    """Call the value of an option as the reference does, `--service SERVICE`, not by the type that reads it."""
    for inner in getattr(command, "commands", {}).values():
        _name_values(inner)
    for one in command.params:
        choices = one.param_type_name == "option" and one.type_descriptor.is_choice
        if one.metavar is None and not choices and not getattr(one, "is_flag", False):
            one.metavar = one.name.upper().strip("_")


app = typer.Typer(
    cls=Verbs,
    help="Incident management: from the first signal to the lesson learned.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 a problem was found, 2 wrong usage, 3 not reachable, 4 not allowed.",
)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Print the version and stop."),
) -> None:
    if version:
        print(importlib.import_module("tocsin").__version__)
        raise typer.Exit


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    try:
        try:
            typer.main.get_command(app).main(args=arguments, prog_name="tocsin")
        finally:
            sys.stdout.flush()  # what nobody reads any more is found out here, not at the very end
    except Stop as stop:
        if str(stop):
            print(f"tocsin: {text.shown(str(stop))}", file=sys.stderr)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:  # `tocsin groups | head`
        sys.stderr.close()
        sys.exit(Exit.OK)
