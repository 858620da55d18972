"""The HTML door to silences, and to what became of one signal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tocsin.alerts import actions, listing
from tocsin.alerts.domain import COMMENT_CHARS_MAX, MATCHERS_MAX, SILENCE_MAX, Reason
from tocsin.alerts.listing import SignalLine, SilenceLine
from tocsin.config import queries as configuration
from tocsin.kit import clock, db, matchers, text
from tocsin.kit.matchers import Matcher
from tocsin.people import queries as people
from tocsin.people.middleware import permit
from tocsin.people.rights import Actor, Right
from tocsin.web.pages import back, show

MATCHER_CHARS_MAX = 2000
BODY_SHOWN_CHARS_MAX = 200_000
PRETTY_BYTES_MAX = 500_000
LENGTHS = (("30m", "30 minutes"), ("2h", "2 hours"), ("8h", "8 hours"), ("1d", "1 day"), ("1w", "1 week"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One silence of the list."""

    line: SilenceLine
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SilencesPage:
    """The silences in force or to come, and a form for another."""

    silences: tuple[Shown, ...]
    lengths: tuple[tuple[str, str], ...] = LENGTHS
    matchers: str = ""
    comment: str = ""
    length: str = "2h"
    wrong: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalPage:
    """One signal: what it said, what became of it, the request it came in."""

    signal: SignalLine
    source: str
    received_at: datetime | None
    body: str
    is_cut: bool
    problems: tuple[str, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@permit(Right.SEE)
def silences(request: HttpRequest, actor: Actor) -> HttpResponse:  # noqa: ARG001 - told who stands there
    """The list; a POST makes another silence."""
    if request.method == "POST":
        return _create_silence(request)
    prefilled = request.GET.get("matchers", "")[:MATCHER_CHARS_MAX]
    return show(request, "alerts/silences.html", SilencesPage(silences=_shown(), matchers=prefilled))


@permit(Right.SILENCE)
def _create_silence(request: HttpRequest, actor: Actor) -> HttpResponse:
    written = request.POST.get("matchers", "")
    comment = request.POST.get("comment", "").strip()[:COMMENT_CHARS_MAX]
    length = request.POST.get("for", "")
    try:
        compiled, span = _matchers(written), _length(length)
        _check_comment(comment)
    except ValueError as error:
        page = SilencesPage(
            silences=_shown(), matchers=written, comment=comment, length=length, wrong=f"Nothing was silenced: {error}."
        )
        return show(request, "alerts/silences.html", page, status=422)
    now = clock.now()
    with db.transact(now) as tx:
        actions.silence(tx, compiled, now, now + span, actor.by, comment)
    messages.success(request, "Silenced. What matches pages nobody until it ends.")
    return back(request, reverse("silences"))


@require_POST
@permit(Right.SILENCE)
def end_silence(request: HttpRequest, actor: Actor, silence_id: int) -> HttpResponse:
    """End a silence now: what still fires pages from now on."""
    now = clock.now()
    found = listing.silence(db.reader(now), silence_id)
    if found is None:
        raise Http404
    if found.ends_at <= now:
        messages.warning(request, "That silence is over already.")
    else:
        with db.transact(now) as tx:
            actions.end_silence(tx, silence_id, actor.by, Reason.BY_HAND)
        messages.success(request, "The silence is over. What still fires pages from now on.")
    return back(request, reverse("silences"))


@require_safe
@permit(Right.SEE)
def signal(request: HttpRequest, actor: Actor, signal_id: int) -> HttpResponse:  # noqa: ARG001 - told who stands there
    """What became of one signal, and the request it came in, as received."""
    reader = db.reader(clock.now())
    found = listing.signal(reader, signal_id)
    if found is None:
        raise Http404
    kept = listing.raw_of(reader, signal_id)
    body = _readable(kept[0].body) if kept else ""
    page = SignalPage(
        signal=found,
        source=kept[0].source if kept else "",
        received_at=kept[0].received_at if kept else None,
        body=text.cut(body, BODY_SHOWN_CHARS_MAX),
        is_cut=len(body) > BODY_SHOWN_CHARS_MAX,
        problems=kept[0].problems if kept else (),
    )
    return show(request, "alerts/signal.html", page)


def _shown() -> tuple[Shown, ...]:
    reader = db.reader(clock.now())
    snapshot = configuration.current(reader)
    found = listing.silences(reader, ended_too=False)
    return tuple(Shown(line=line, author=people.name_of(snapshot, line.author)) for line in found)


def _matchers(written: str) -> tuple[Matcher, ...]:
    if len(written) > MATCHER_CHARS_MAX:
        raise ValueError("that is too much text")
    lines = [line.strip() for line in written.splitlines() if line.strip()]
    if not lines:
        raise ValueError('write at least one matcher, like alertname="DiskFull"')
    if len(lines) > MATCHERS_MAX:
        raise ValueError(f"at most {MATCHERS_MAX} matchers")
    return tuple(matchers.parse(line) for line in lines)


def _length(written: str) -> timedelta:
    span = text.parse_duration(written)
    if not timedelta(0) < span <= SILENCE_MAX:
        raise ValueError("a silence lasts at most a year")
    return span


def _check_comment(written: str) -> None:
    if not written:
        raise ValueError("say why, for those who wonder at three in the morning")


def _readable(body: bytes) -> str:
    """JSON with line breaks, other text as it is, bytes that are no text with marks in their place."""
    written = body.decode("utf-8", errors="replace")
    return written if len(body) > PRETTY_BYTES_MAX else text.indented(written)
