"""The documentation as pages of Tocsin; it tells nobody's secrets, so everybody may read it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from tocsin.web import manual
from tocsin.web.manual import Chapter, Found
from tocsin.web.markdown import Heading
from tocsin.web.pages import show

KEPT_S = 3600  # how long a browser keeps a picture or an example


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the contents."""

    title: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the contents."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualPage:
    """One page of the documentation."""

    title: str
    html: str
    contents: tuple[Section, ...]
    headings: tuple[Heading, ...] = ()
    before: Entry | None = None
    after: Entry | None = None
    section: str = ""
    query: str = ""
    sign_in: str = ""  # for those who only read


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """What was found."""

    query: str
    found: tuple[Found, ...]
    full: bool
    contents: tuple[Section, ...]
    sign_in: str = ""


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What there is to read; with `q`, where something is said."""
    query = request.GET.get("q", "").strip()[: manual.QUERY_CHARS_MAX]
    if query:
        found = manual.search(query)
        full = len(found) == manual.FOUND_MAX
        searched = SearchPage(query=query, found=found, full=full, contents=_contents(""), sign_in=_sign_in())
        return show(request, "web/manual_search.html", searched)
    page = manual.index()
    made = ManualPage(title=page.title, html=page.html, contents=_contents(""), sign_in=_sign_in())
    return show(request, "web/manual.html", made)


@require_safe
def chapter(request: HttpRequest, slug: str) -> HttpResponse:
    """One page; the address of its file leads to it too."""
    plain = slug.rstrip("/").removesuffix(".md")
    found = manual.chapter(plain)
    if found is None:
        raise Http404(slug)
    if plain != slug:
        return HttpResponsePermanentRedirect(found.url)
    before, after = manual.around(found.slug)
    return show(
        request,
        "web/manual.html",
        ManualPage(
            title=found.page.title,
            html=found.page.html,
            contents=_contents(found.slug),
            headings=_shown(found.page.headings),
            before=_entry(before),
            after=_entry(after),
            section=found.section,
            sign_in=_sign_in(),
        ),
    )


@require_safe
def file(request: HttpRequest, kind: str, name: str) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """A picture or an example of the pages."""
    found = manual.file(kind, name)
    if found is None:
        raise Http404(name)
    body, type_ = found
    return HttpResponse(body, content_type=type_, headers={"Cache-Control": f"public, max-age={KEPT_S}"})


def _contents(current: str) -> tuple[Section, ...]:
    return tuple(
        Section(
            title=section,
            entries=tuple(Entry(title=one.page.title, url=one.url, current=one.slug == current) for one in ones),
        )
        for section, ones in groupby(manual.chapters(), key=lambda one: one.section)
    )


def _shown(headings: tuple[Heading, ...]) -> tuple[Heading, ...]:
    """The headings a page lists of itself: the upper ones, and the next lower where there are few."""
    upper = tuple(one for one in headings if one.level == 2)
    return upper if len(upper) > 1 else tuple(one for one in headings if one.level in (2, 3))


def _entry(one: Chapter | None) -> Entry | None:
    return None if one is None else Entry(title=one.page.title, url=one.url)


def _sign_in() -> str:
    return reverse("account_login")
