"""What the pages tell people to type and to press: each curl is answered as the page says, each menu leads somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tocsin.alerts.domain import GroupStatus
from tocsin.site import frame
from tocsin.sources.tools import ALL_SENDERS
from world import World
from written import HOWTO, blocks, section

ROOT = Path(__file__).parents[2]
_MENU = re.compile(r"\*(More → [^*]+)\*")
OPEN, RESOLVED = GroupStatus.OPEN, GroupStatus.RESOLVED
AFTER = {  # how the groups of a page stand after each of its curls
    "pagerduty-senders": [[OPEN]],
    "opsgenie-senders": [[OPEN], [RESOLVED]],
    "generic-json": [[OPEN], [RESOLVED]],
    "heartbeats": [[], [OPEN]],
}


@dataclass(frozen=True, kw_only=True)
class Curl:
    """One request as curl would send it."""

    path: str
    headers: dict[str, str]
    body: bytes


def curls(page: str) -> Iterator[Curl]:
    """Every curl of a page that calls Tocsin."""
    for block in blocks(section(page, ""), "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if "curl " in line and "https://tocsin.example.org" in line:
                yield _curl(line[line.index("curl ") :])


def _curl(line: str) -> Curl:
    words = shlex.split(line)
    url = urlsplit(next(word for word in words if word.startswith("https://tocsin.example.org")))
    given = dict(itertools.pairwise(words))
    body = given.get("-d") or given.get("--data-binary", "")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    headers |= {
        name.lower(): value.strip()
        for at, word in enumerate(words)
        if word == "-H"
        for name, _, value in [words[at + 1].partition(":")]
    }
    written = b"the last words of a job" if body.startswith("@") else body.encode()
    return Curl(path=f"{url.path}?{url.query}".rstrip("?"), headers=headers, body=written)


@pytest.mark.parametrize("page", AFTER)
def test_a_curl_does_what_its_page_says(world: World, page: str) -> None:
    """With the page's integrations, its requests in their order are taken, open what they should, and end it."""
    first = next(blocks(section(page, ""), "yaml"))
    world.edit(lambda config: config["integrations"].update(yaml.safe_load(first)["integrations"]))
    sent = list(curls(page))
    assert len(sent) == len(AFTER[page])
    for one, expected in zip(sent, AFTER[page], strict=True):
        status = world.post(one.path, one.body, one.headers)
        assert status in (200, 202), (one, status)
        assert [group.status for group in world.groups()] == expected, one


def test_every_menu_on_a_page_is_there() -> None:
    """`More → Integrations → Add an integration → Grafana` names what stands in the interface, word for word."""
    places = {place[1] for place in (*frame.MORE, *frame.ADMINISTRATORS, *frame.MANAGERS)}
    shown = "\n".join(path.read_text() for path in (ROOT / "src").rglob("templates/**/*.html"))
    senders = {guide.sender for guide in ALL_SENDERS}
    menus = [(page.name, written) for page in HOWTO.glob("*.md") for written in _MENU.findall(page.read_text())]
    assert menus
    for page, written in menus:
        _, place, *more = (word.strip(". ") for word in written.split("→"))
        assert place in places, f"{page}: {written}"
        for word in more:
            assert word in senders or f">{word}<" in shown, f"{page}: {written}"
