"""Heartbeats: anything that calls its address regularly is alive, and silence is the problem.

`/fail` behind the address says that the job itself failed, with the body as its last words. The next ordinary call
says that all is well again.
"""

from __future__ import annotations

from datetime import datetime

from tocsin.sources import answers, clean, credentials
from tocsin.sources.domain import (
    TEXT_CHARS_MAX,
    Action,
    Endpoint,
    Reading,
    Refusal,
    RefusalKind,
    Reply,
    Request,
    Settings,
    Severity,
    Signal,
    Source,
)

DEDUP_KEY = "heartbeat"
BODY_BYTES_MAX = 5 * 1024 * 1024  # whoever sends its log must not be silent because the log is long
LAST_WORDS_BYTES_MAX = 4 * TEXT_CHARS_MAX
_METHODS = ("GET", "HEAD", "POST", "PUT")
_ALIVE = Signal(action=Action.PING, dedup_key=DEDUP_KEY, title="heartbeat", severity=Severity.INFO)
_READING = Reading(signals=(_ALIVE,), reply=Reply(status=200, body=b"OK", content_type="text/plain; charset=utf-8"))


def read(request: Request, settings: Settings, now: datetime) -> Reading:  # noqa: ARG001 - a beat is timed on arrival
    """A ping, or a failure at `/fail`."""
    tail = request.tail.rstrip("/")
    if not tail:
        return _READING
    if tail != "/fail":
        return Reading(signals=(), reply=answers.refuse(request, Refusal(kind=RefusalKind.NOT_FOUND)))
    said = clean.text(request.body[-LAST_WORDS_BYTES_MAX:].decode("utf-8", "replace"), LAST_WORDS_BYTES_MAX).strip()
    if len(said) > TEXT_CHARS_MAX:
        said = "…" + said[1 - TEXT_CHARS_MAX :]
    signal = Signal(
        action=Action.TRIGGER,
        dedup_key=DEDUP_KEY,
        title=f"{settings.name or 'the job'} reported a failure",
        severity=settings.severity or Severity.CRITICAL,
        description=said,
    )
    return Reading(signals=(signal,), reply=_READING.reply)


SOURCE = Source(
    name="heartbeat",
    title="Heartbeat",
    endpoints=tuple(Endpoint(method=method, path="/in/heartbeat/") for method in _METHODS),
    key=credentials.key,
    read=read,
    refuse=answers.refuse,
    body_bytes_max=BODY_BYTES_MAX,
)
