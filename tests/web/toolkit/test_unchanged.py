"""Every form of a document, opened and saved as it stands: nothing may change."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client

import tocsin.site
from house import House, words
from tocsin.config import actions as configuring
from tocsin.config import export, registry
from tocsin.config import queries as configuration
from tocsin.config.actions import Applied, Author
from tocsin.config.domain import ManagedBy, Snapshot
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.people import actions as accounts
from tocsin.people.models import User

HERE = Path(__file__).parent / "unchanged"
DEMO = Path(tocsin.site.__file__).parent / "demo" / "organisation.yaml"
EXAMPLE = Path(__file__).parents[3] / "examples" / "acme.yaml"
ORGANISATIONS = (DEMO, EXAMPLE, HERE / "small-company.yaml", HERE / "oddities.yaml")
FORMS = {
    "people": "/people/{}",
    "teams": "/teams/{}",
    "services": "/services/{}/change",
    "integrations": "/integrations/{}/change",
    "schedules": "/schedules/{}/edit",
    "policies": "/policies/{}/edit",
}
PRESSES = {"do": "save"}  # the button a person presses, where a form has several


class Sent(HTMLParser):
    """The first form of a page that is sent to the page itself, as a browser sends it when its button is pressed."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.fields: list[tuple[str, str]] = []
        self.is_open = self.is_done = False
        self.select = self.area = ""
        self.options: list[tuple[str, bool]] = []
        self.written = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.is_done:
            self.is_open = given.get("method") == "post" and given.get("action", self.path) == self.path
        elif not self.is_open:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "select":
            self.select, self.options = given["name"], []
        elif tag == "option" and self.select:
            self.options.append((given["value"], "selected" in given))
        elif tag == "textarea":
            self.area, self.written = given["name"], ""

    def _input(self, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if "disabled" in given or not given.get("name"):
            return
        if kind not in ("checkbox", "radio"):
            self.fields.append((given["name"], given.get("value", "").replace("\r", "").replace("\n", "")))
        elif "checked" in given:
            self.fields.append((given["name"], given.get("value", "on")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self.is_open:
            self.is_open, self.is_done = False, True
        elif tag == "select" and self.select:
            chosen = [value for value, is_chosen in self.options if is_chosen] or [value for value, _ in self.options]
            self.fields.append((self.select, chosen[0]))
            self.select = ""
        elif tag == "textarea" and self.area:
            self.fields.append((self.area, self.written.removeprefix("\n").replace("\n", "\r\n")))
            self.area = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.written += data


def sent(browser: Client, path: str) -> dict[str, list[str]]:
    """What a browser sends when nothing was touched and the button is pressed."""
    answer = browser.get(path)
    assert answer.status_code == 200, path
    form = Sent(path)
    form.feed(answer.content.decode())
    assert form.fields, path
    found: dict[str, list[str]] = {}
    for name, value in [*form.fields, *PRESSES.items()]:
        found.setdefault(name, []).append(value)
    return found


def now() -> Snapshot:
    return configuration.current(db.reader(clock.now()))


def written() -> str:
    return export.as_yaml(now(), registry.kinds())


@pytest.fixture(params=ORGANISATIONS, ids=lambda path: path.stem)
def browser(house: House, request: pytest.FixtureRequest) -> Client:
    """Whoever administers an organisation that no file manages, signed in."""
    house.managed("ui")
    file = File(name=request.param.name, content=request.param.read_bytes())
    author = Author(by="tocsin", through=ManagedBy.UI, force=True)
    with db.transact(clock.now()) as tx:
        outcome = configuring.adopt(tx, [file], author, alone=True)
    assert isinstance(outcome, Applied), outcome
    administrator = next(name for name, one in now().sections["people"].items() if getattr(one, "role", "") == "admin")
    if not User.objects.filter(person=administrator).exists():
        with db.transact(clock.now()) as tx:
            accounts.create_user(tx, "administrator@tocsin.test", administrator, None)
    made = Client()
    made.force_login(User.objects.get(person=administrator))
    return made


def test_a_form_that_is_saved_unchanged_changes_nothing(browser: Client) -> None:
    """Each form of each document, saved as it was opened, is taken, and no version of the configuration is made."""
    version, before = now().version, written()
    changed = []
    for section, form in FORMS.items():
        for name in now().sections.get(section, {}):
            path = form.format(name)
            answer = browser.post(path, sent(browser, path))
            if answer.status_code != 303:
                changed.append(f"{path}: {answer.status_code}: {words(answer.content)[:600]}")
            if written() != before:
                changed.append(f"{path}:\n{_difference(before, written())}")
                _back(version)
    assert not changed, "\n".join(changed)
    assert (now().version, written()) == (version, before)


def _back(version: int) -> None:
    with db.transact(clock.now()) as tx:
        configuring.roll_back(tx, version, Author(by="tocsin", through=ManagedBy.UI, force=True))


def _difference(before: str, after: str) -> str:
    held = set(before.splitlines())
    return "\n".join(f"+ {line}" for line in after.splitlines() if line not in held)
