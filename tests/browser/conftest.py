"""A real Chromium in front of a real server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from databases import Sqlite
from fakes.push import Browser
from house import PASSWORD
from needs import lacks
from serving import Served, serve, session
from tocsin.config import actions as configuring
from tocsin.config.domain import ManagedBy
from tocsin.kit import clock, db
from tocsin.paging import codes, devices, trying
from tocsin.people import actions as accounts
from tocsin.people.models import User

T = TypeVar("T")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "Chromium is not installed (Debian: apt-get install chromium), so nothing was proven in a browser"
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 30_000  # a machine that builds several things at once is slow
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SCREENSHOTS = Path(__file__).parents[2] / "artefacts" / "screenshots"


@dataclass
class Visits:
    """Opens pages, and remembers what no page may do: complain in the console, or ask another host."""

    served: Served
    chromium: Any
    complaints: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def open(self, path: str, *, who: str = "", size: str = "desk", scheme: str = "light", **more: Any) -> Any:
        """A page of a fresh browser in which somebody is signed in, or nobody."""
        width, height = SIZES[size]
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            has_touch=size == "phone",
            is_mobile=size == "phone",
            base_url=self.served.url,
            **more,
        )
        self.contexts.append(context)
        if who:
            context.add_cookies([{"name": "tocsin", "value": self._session(who), "url": self.served.url}])
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._on_request)
        page.goto(path)
        return page

    def give_password(self, who: str) -> None:
        """Somebody has one from now on."""

        def give() -> None:
            with db.transact(clock.now()) as tx:
                accounts.set_password(tx, _user(who), PASSWORD)

        beside(self.served, give)

    def beside(self, call: Callable[[], T]) -> T:
        """Use the server's database from a thread of its own."""
        return beside(self.served, call)

    def _session(self, who: str) -> str:
        return beside(self.served, lambda: session(who))

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.served.url, "data:")):
            self.complaints.append(f"asked another host: {request.url}")


def _user(who: str) -> User:
    return User.objects.get(email=f"{who}@acme.example")


@pytest.fixture(scope="session")
def served(sqlite_template: Sqlite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all journeys."""
    if CHROMIUM is None:
        lacks(MISSING)
    yield from serve(sqlite_template, tmp_path_factory.mktemp("browser"))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks, whichever of the two was loaded first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker, one server and one browser for the journeys, and one for what each screen looks like."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("looks" if item.path.name == "test_looks.py" else "browser"))


@pytest.fixture(scope="module")
def chromium(served: Served) -> Iterator[Any]:  # the server first: Playwright's loop keeps Django out of this thread
    """One browser for a file of tests; longer, and its loop would keep Django out of other files' tests too."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def beside(served: Served, call: Callable[[], T]) -> T:
    """Use the server's database from a thread of its own."""

    def work() -> T:
        served.database.connect()
        try:
            return call()
        finally:
            db.drop_connection()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(work).result()


MIA = {
    "name": "Mia Brandt",
    "email": "mia@acme.example",
    "timezone": "Europe/Berlin",
    "contacts": {
        "phone": {"push": True, "detail": "full"},
        "mail": {"email": "mia@acme.example"},
        "ntfy": {"ntfy": "https://ntfy.acme.example/mia-3f9a"},
        "mobile": {"voice": "+4915155500101"},
        "inbox": {"inbox": True},
    },
    "notify": {
        "high": [{"via": "phone"}, {"via": "inbox"}, {"after": "2m", "via": "mail"}, {"after": "5m", "via": "mobile"}],
        "low": [{"via": "inbox"}],
    },
}


@pytest.fixture(scope="session")
def mia(served: Served) -> str:
    """Somebody whose contacts no file manages, with one of everything: proven and not, a code that is out, a device."""

    def make() -> None:
        device = Browser("https://push.example.net/wpush/v2/mia")
        with db.transact(clock.now()) as tx:
            configuring.put(tx, "people", "mia", MIA, configuring.Author(by="tocsin", through=ManagedBy.UI))
            accounts.create_user(tx, "mia@acme.example", "mia", None)
            devices.register(tx, "mia", "Firefox on Android", device.endpoint, device.keys)
            codes.send(tx, "mia", "mail")
            trying.send(tx, "mia", "inbox")

    beside(served, make)
    return "mia"


@pytest.fixture
def visits(served: Served, chromium: Any) -> Iterator[Visits]:
    """Pages that may not complain."""
    made = Visits(served, chromium)
    yield made
    for context in made.contexts:
        context.close()
    assert not made.complaints


@pytest.fixture
def screenshot() -> Callable[[Any, str], None]:
    """Keeps what a page looks like, for a person to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)

    def keep(page: Any, name: str) -> None:
        page.screenshot(path=SCREENSHOTS / f"{name}.png")

    return keep
