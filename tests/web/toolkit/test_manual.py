"""The documentation inside Tocsin: every page is there for everybody, every link leads somewhere, and it is found."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from house import House, words
from tocsin.alerts import rules
from tocsin.web import manual, markdown

ROOT = Path(__file__).parents[3]
SLUGS = [one.slug for one in manual.chapters()]


class _Page(HTMLParser):
    """The targets a page names and the anchors it has."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors += [str(given["id"])] if given.get("id") else []
        self.targets += [str(given[name]) for name in ("href", "src") if given.get(name)]


def test_every_page_of_the_repository_is_served() -> None:
    """What stands in docs/ can be read inside Tocsin, in the order of its index."""
    assert sorted(f"{slug}.md" for slug in SLUGS) == sorted(
        str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md"
    )
    assert SLUGS[0].startswith("tutorial/")


@pytest.mark.parametrize("who", ["eve", "ann"])
def test_every_link_inside_leads_somewhere(house: House, who: str) -> None:
    """Each page opens for a stranger and for those at home, and each of its links and anchors resolves."""
    browser = house.client(who)
    pages = {}
    for path in ("/docs", *(f"/docs/{slug}" for slug in SLUGS)):
        answer = browser.get(path)
        assert answer.status_code == 200, path
        pages[path] = _Page(answer.content)
        assert len(pages[path].anchors) == len(set(pages[path].anchors)), path
    lost = set()
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.path.startswith("/static/"):
                continue
            leads_to = parts.path or path
            if leads_to in pages:
                if parts.fragment and parts.fragment not in pages[leads_to].anchors:
                    lost.add((path, target))
            elif browser.get(leads_to).status_code not in (200, 302):
                lost.add((path, target))
    assert lost == set()


def test_pages_are_turned(house: House) -> None:
    """One reads on from page to page, and the address of a file in the repository leads to its page."""
    browser = house.client("eve")
    answer = browser.get(f"/docs/{SLUGS[0]}")
    assert f'rel="next" href="/docs/{SLUGS[1]}"' in answer.content.decode()
    assert 'rel="prev"' not in answer.content.decode()
    assert browser.get("/docs/howto/grafana.md")["Location"] == "/docs/howto/grafana"


def test_what_is_not_there_is_said_so(house: House) -> None:
    """A wrong name, or one that leads out of the folder, is answered with 404."""
    browser = house.client("eve")
    for path in (
        "/docs/howto/nothing",
        "/docs/README",
        "/docs/../pyproject",
        "/docs/howto/%2e%2e/README",
        "/docs/images/nothing.png",
        "/docs/images/..%2Fglossary.md",
        "/docs/images/group.exe",
        "/docs/examples/..%2Fpyproject.toml",
    ):
        answer = browser.get(path)
        assert answer.status_code == 404, path
        assert "There is nothing here" in words(answer.content)


def test_pictures_are_ours(house: House) -> None:
    """The pages' pictures come from Tocsin itself."""
    pictures = list((ROOT / "docs" / "images").iterdir())
    assert pictures
    for path in pictures:
        answer = house.client("eve").get(f"/docs/images/{path.name}")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("image/")
        assert answer.content == path.read_bytes()


def test_examples_are_ours(house: House) -> None:
    """The example organisation can be read, and copied, where the pages point to it."""
    answer = house.client("eve").get("/docs/examples/acme.yaml")
    assert answer["Content-Type"].startswith("text/plain")
    assert answer.content == (ROOT / "examples" / "acme.yaml").read_bytes()


def test_what_one_looks_for_is_found(house: House) -> None:
    """The page about a thing comes first, places in the text follow with the words marked, and nothing is said so."""
    browser = house.client("ann")
    found = manual.search("alertmanager")
    assert found[0].url == "/docs/howto/alertmanager"
    assert all(len(one.snippet) > 1 or one.title for one in found)
    page = browser.get("/docs?q=backup restore").content.decode()
    assert "/docs/howto/backups#restore" in page
    assert "<mark>" in page
    assert "Nothing about “xyzzy”" in words(browser.get("/docs?q=xyzzy").content)
    strange = browser.get("/docs", {"q": "<script>alert(1)</script> " + "x" * 500})
    assert strange.status_code == 200
    assert "<script>alert" not in strange.content.decode()


def test_one_searches_with_every_word(house: House) -> None:
    """Each word narrows what is found; case does not matter."""
    both = {one.url for one in manual.search("Heartbeat GRACE")}
    assert both
    assert both <= {one.url for one in manual.search("heartbeat")} | {one.url for one in manual.search("grace")}


def test_markdown_cannot_bring_scripts() -> None:
    """What is not plain text, tables, links and code is taken out."""
    made = markdown.render(
        '# T\n\n<script>x</script><p onclick="x" style="color:red">a</p>\n\n[b](javascript:x) <img src="x.png" onerror="x">',
        lambda target: target,
    )
    assert "<script" not in made.html
    assert "href" not in made.html
    assert "onclick" not in made.html
    assert "onerror" not in made.html
    assert "style=" not in made.html
    assert made.title == "T"


def test_the_status_machine_is_drawn(house: House) -> None:
    """Every arrow of the table is in the picture, in the words of a reader who cannot see it too."""
    page = house.client("eve").get("/docs/reference/status-machines").content.decode()
    assert "stateDiagram" not in page
    told = page.split("<desc>")[1].split("</desc>")[0]
    for (before, event), after in rules.GROUP_MACHINE.items():
        stays = f"{event.value}: {before.value} stays"
        assert (stays if before is after else f"{event.value}: {before.value} becomes {after.value}") in told


def test_headings_of_one_name_are_told_apart() -> None:
    """Each has an anchor of its own, named as the repository's viewer names it."""
    made = markdown.render("# A page\n\n## Do `it` now!\n\none\n\n## Do it now\n\ntwo", lambda target: target)
    assert [one.anchor for one in made.headings] == ["a-page", "do-it-now", "do-it-now-1"]
    assert [one.text for one in made.headings] == ["", "one", "two"]


def test_a_wheel_brings_the_pages_along(tmp_path: Path) -> None:
    """An installation without the repository has the same documentation."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*command, str(ROOT)], check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("tocsin-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = "from tocsin.web import manual; print(manual.folder()); print(*(one.slug for one in manual.chapters()))"
    told = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(tmp_path / "installed")},
        cwd=tmp_path,
    ).stdout.splitlines()
    assert told[0] == str(tmp_path / "installed" / "tocsin" / "manual")
    assert told[1].split() == SLUGS
    assert (tmp_path / "installed" / "tocsin" / "manual" / "examples" / "acme.yaml").is_file()
