"""The documentation that is shipped with the program: its pages in the order of their index, and what is found in them.

The pages are the repository's `docs`, which a wheel carries along. Their index (README.md) says what there is: the
order of its sections and links is the order of reading.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from tocsin.web import markdown
from tocsin.web.markdown import Heading, Rendered

PLACE = "/docs"
INDEX = "README.md"
FILE_TYPES = {  # what the pages show or point to, by its folder
    "images": {".png": "image/png", ".svg": "image/svg+xml"},
    "examples": {".yaml": "text/plain; charset=utf-8"},
}
FOUND_MAX = 30
QUERY_CHARS_MAX = 200
WORDS_MAX = 8
SNIPPET_CHARS = 180
_HERE = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#\s]+\.md)\)")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]*(?:/[a-z0-9][a-z0-9-]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One page, where it stands, and what it says."""

    slug: str  # howto/alertmanager
    section: str  # the part of the index it stands in
    page: Rendered

    @property
    def url(self) -> str:
        return f"{PLACE}/{self.slug}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One place that has what was looked for; its words cut into what matches and what does not."""

    title: str
    page: str
    url: str
    snippet: tuple[tuple[str, bool], ...]


@cache
def folder() -> Path:
    """Where the pages lie: in the installed package, or beside it in the repository."""
    shipped = _HERE / "manual"
    return shipped if shipped.is_dir() else _HERE.parents[1] / "docs"


@cache
def chapters() -> tuple[Chapter, ...]:
    """Every page in the order of reading."""
    return tuple(
        Chapter(slug=slug, section=section, page=_render(f"{slug}.md"))
        for section, slug in _listed((folder() / INDEX).read_text(encoding="utf-8"))
    )


@cache
def index() -> Rendered:
    """The page that lists all others."""
    return _render(INDEX)


def chapter(slug: str) -> Chapter | None:
    """The page of that name."""
    return next((one for one in chapters() if one.slug == slug), None)


def around(slug: str) -> tuple[Chapter | None, Chapter | None]:
    """What one reads before and after it."""
    all_of_them = chapters()
    place = next(place for place, one in enumerate(all_of_them) if one.slug == slug)
    return (
        all_of_them[place - 1] if place else None,
        all_of_them[place + 1] if place + 1 < len(all_of_them) else None,
    )


def file(kind: str, name: str) -> tuple[bytes, str] | None:
    """A picture or an example of the pages, and its type; a name that leads out of its folder names none."""
    type_ = FILE_TYPES[kind].get(posixpath.splitext(name)[1])
    path = (_files(kind) / name).resolve()
    if type_ is None or path.parent != _files(kind).resolve() or not path.is_file():
        return None
    return path.read_bytes(), type_


def _files(kind: str) -> Path:
    inside = folder() / kind
    return inside if inside.is_dir() else folder().parent / kind


def search(query: str) -> tuple[Found, ...]:
    """The places that have every word, the best first: in the page's title, in a heading, in the text."""
    words = tuple(dict.fromkeys(query[:QUERY_CHARS_MAX].casefold().split()))[:WORDS_MAX]
    if not words:
        return ()
    scored = [
        (_score(one, heading, words), place, one, heading)
        for place, one in enumerate(chapters())
        for heading in one.page.headings
    ]
    best = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1]))
    return tuple(_found(one, heading, words) for _, _, one, heading in best[:FOUND_MAX])


def address(target: str, page: str) -> str:
    """Where a link on `page` (howto/alertmanager.md) leads inside Tocsin; addresses elsewhere stay as they are."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not parts.path:
        return target
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), parts.path))
    slug = "" if path == INDEX else f"/{path.removesuffix('.md').removeprefix('../')}"
    return f"{PLACE}{slug}#{parts.fragment}" if parts.fragment else f"{PLACE}{slug}"


def _render(name: str) -> Rendered:
    source = (folder() / name).read_text(encoding="utf-8")
    return markdown.render(source, lambda target: address(target, name))


def _listed(source: str) -> Iterable[tuple[str, str]]:
    section = "Begin here"
    seen: set[str] = set()
    for line in source.splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        for _, target in _LINK.findall(line):
            slug = target.removesuffix(".md")
            if slug not in seen and _SLUG.fullmatch(slug):
                seen.add(slug)
                yield section, slug


def _score(one: Chapter, heading: Heading, words: tuple[str, ...]) -> int:
    """0 unless every word is there; more the higher up they stand."""
    page, title, text = (said.casefold() for said in (one.page.title, heading.title, heading.text))
    score = 0
    for word in words:
        hit = 8 * (word in title) + 2 * (word in page) + min(3, text.count(word))
        if word not in title and word not in text:
            return 0
        score += hit + 4 * (word in page and heading.level == 1)
    return score


def _found(one: Chapter, heading: Heading, words: tuple[str, ...]) -> Found:
    anchor = "" if heading.level == 1 else f"#{heading.anchor}"
    return Found(
        title=heading.title, page=one.page.title, url=f"{one.url}{anchor}", snippet=_snippet(heading.text, words)
    )


def _snippet(text: str, words: tuple[str, ...]) -> tuple[tuple[str, bool], ...]:
    pattern = re.compile("|".join(re.escape(word) for word in words), re.IGNORECASE)
    first = pattern.search(text)
    start = max(0, (first.start() if first else 0) - SNIPPET_CHARS // 3)
    start = text.rfind(" ", 0, start) + 1 if start else 0
    cut = text[start : start + SNIPPET_CHARS]
    pieces: list[tuple[str, bool]] = [("… ", False)] if start else []
    at = 0
    for match in pattern.finditer(cut):
        pieces += [(cut[at : match.start()], False), (match[0], True)]
        at = match.end()
    pieces.append((cut[at:], False))
    if start + SNIPPET_CHARS < len(text):
        pieces.append((" …", False))
    return tuple((piece, hit) for piece, hit in pieces if piece)
