"""Markdown of our own pages as HTML: headings can be linked to, links lead to addresses, nothing is inline. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tocsin.web import diagram

Rewrite = Callable[[str], str]
"""From a target as a page writes it to the address it stands for."""

_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_TAGS = {
    *("h1", "h2", "h3", "h4", "p", "ul", "ol", "li", "a", "img", "code", "pre", "em", "strong", "del", "br", "hr"),
    *("blockquote", "table", "thead", "tbody", "tr", "th", "td", "div"),
}
_ATTRIBUTES = {
    "a": {"href", "title", "class", "aria-label"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "pre": {"tabindex"},
    "code": {"class"},
    **{f"h{level}": {"id"} for level in (1, 2, 3, 4)},
}
_SCHEMES = {"http", "https", "mailto"}
DEPTH_MAX = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One heading, and the words under it up to the next."""

    level: int
    title: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page made of its source; the first heading is its title."""

    title: str
    html: str  # without the title
    headings: tuple[Heading, ...]


def render(source: str, rewrite: Rewrite) -> Rendered:
    """The page; `rewrite` is asked about every target of a link or a picture."""
    tokens = _PARSER.parse(source)
    headings = _headings(tokens)
    for token in tokens:
        for inner in token.children or ():
            _lead(inner, rewrite)
    html = nh3.clean(_html(tokens), tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noreferrer")
    return Rendered(title=headings[0].title if headings else "", html=_drawn(html, tokens), headings=headings)


def anchor_of(title: str) -> str:
    """How a repository's own viewer names a heading, so that one link works in both places."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _headings(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    """Give every heading its anchor; what stands under it is kept for the search."""
    found: list[Heading] = []
    taken: dict[str, int] = {}
    words: list[str] = []
    title, level, anchor = "", 0, ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            if level:
                found.append(Heading(level=level, title=title, anchor=anchor, text=" ".join(words)))
            title, level, words = _plain(tokens[place + 1]), int(token.tag[1:]), []
            anchor = _unique(anchor_of(title), taken)
            token.attrSet("id", anchor)
        elif token.type in ("inline", "fence", "code_block") and tokens[place - 1].type != "heading_open":
            words.append(_plain(token))
    if level:
        found.append(Heading(level=level, title=title, anchor=anchor, text=" ".join(words)))
    return tuple(found)


def _unique(anchor: str, taken: dict[str, int]) -> str:
    count = taken.get(anchor, 0)
    taken[anchor] = count + 1
    return f"{anchor}-{count}" if count else anchor


def _plain(token: Token) -> str:
    if token.children is None:
        return " ".join(token.content.split())
    said = (one.content if one.type in ("text", "code_inline") else " " if one.type.endswith("break") else "" for one in token.children)  # fmt: skip
    return " ".join("".join(said).split())


def _lead(token: Token, rewrite: Rewrite) -> None:
    if token.type == "link_open":
        token.attrSet("href", rewrite(str(token.attrGet("href") or "")))
    elif token.type == "image":
        token.attrSet("src", rewrite(str(token.attrGet("src") or "")))


def _drawn(html: str, tokens: Sequence[Token]) -> str:
    """Diagrams as pictures, put in after the cleaning: they are of our own making."""
    for token in tokens:
        if token.type == "fence" and token.info == diagram.LANGUAGE and (picture := diagram.draw(token.content)):
            written = _PARSER.renderer.render([token], _PARSER.options, {})
            html = html.replace(nh3.clean(written, tags=_TAGS, attributes=_ATTRIBUTES).strip(), picture)
    return html


def _html(tokens: Sequence[Token]) -> str:
    """Wide tables and code can be moved sideways, by keyboard too; the title is the page's to show."""
    start = next((place + 1 for place, token in enumerate(tokens) if token.type == "heading_close"), 0)
    body = str(_PARSER.renderer.render(tokens[start:], _PARSER.options, {}))
    body = body.replace("<table>", '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>')
    return body.replace("</table>", "</table></div>")
