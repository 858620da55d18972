"""The addresses of Alertmanager's API but the one for alerts' arrival, for tools that look after what they have sent.

A key sees what came through its own integration and nothing else: of the silences those that keep an alert of its own
quiet, without who made them and why. Silences are made and ended in Tocsin, where people have names and rights.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tocsin import __version__
from tocsin.alerts import compat, listing, rules
from tocsin.alerts.listing import AlertLine, SilenceLine
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.alerts.rules import Rulebook
from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import queries as configuration
from tocsin.kit import clock, db, matchers
from tocsin.kit.db import Reader
from tocsin.kit.matchers import Op
from tocsin.sources.domain import Action, Signal

KINDS = frozenset({"alertmanager", "prometheus", "grafana"})
ALERTS_MAX = 5000
NO_END = timedelta(minutes=5)
_FINGERPRINT = re.compile(r"[0-9a-f]{16}")
_GENERATORS = ("Source", "Rule")  # as `sources` calls a generatorURL
_NOT_ANNOTATED = ("valueString",)  # Grafana's, kept among the annotations
_NOT_HERE = (
    "silences are made and ended in Tocsin itself: on its pages, by `tocsin silence`, or through /api/v1/silences"
)
_started_at = clock.now()


@require_safe
def alerts(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/alerts: what fires now."""
    found = compat.integration_of(request, KINDS, key)
    if found is None:
        return _stranger()
    try:
        shown = [one for _, one in _asked_for(request, found)]
    except ValueError as error:
        return _bad_matcher(error)
    return compat.answer(200, shown)


@require_safe
def groups(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/alerts/groups: the same by alert groups."""
    found = compat.integration_of(request, KINDS, key)
    if found is None:
        return _stranger()
    by_group: dict[int, tuple[AlertLine, list[dict[str, Any]]]] = {}
    try:
        for (group, alert), one in _asked_for(request, found):
            by_group.setdefault(group, (alert, []))[1].append(one)
    except ValueError as error:
        return _bad_matcher(error)
    return compat.answer(200, [_group(*each, *found) for each in by_group.values()])


@require_safe
def receivers(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/receivers: the integration itself."""
    found = compat.integration_of(request, KINDS, key)
    return _stranger() if found is None else compat.answer(200, [{"name": found[0]}])


@csrf_exempt  # a write is refused whoever sends it
def silences(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/silences: those that keep an alert of this integration quiet."""
    if request.method not in ("GET", "HEAD"):
        return compat.answer(400, _NOT_HERE)
    found = compat.integration_of(request, KINDS, key)
    if found is None:
        return _stranger()
    reader = db.reader(clock.now())
    kept = (listing.silence(reader, id_) for id_ in _silences_of(reader, found[0]))
    return compat.answer(200, [_silence(one) for one in kept if one is not None])


@csrf_exempt  # a write is refused whoever sends it
def silence(request: HttpRequest, silence_id: str, key: str = "") -> HttpResponse:
    """GET /api/v2/silence/{id}: one of them."""
    if request.method not in ("GET", "HEAD"):
        return compat.answer(404, _NOT_HERE)
    found = compat.integration_of(request, KINDS, key)
    if found is None:
        return _stranger()
    reader = db.reader(clock.now())
    numbers = {str(id_): id_ for id_ in _silences_of(reader, found[0])}
    one = listing.silence(reader, numbers[silence_id]) if silence_id in numbers else None
    return compat.answer(404, "silence not found") if one is None else compat.answer(200, _silence(one))


@require_safe
def status(_: HttpRequest) -> HttpResponse:
    """GET /api/v2/status: enough for clients to see that somebody answers."""
    built = {"version": __version__, "branch": "", "buildDate": "", "buildUser": "", "goVersion": "", "revision": ""}
    return compat.answer(
        200,
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": ""},
            "uptime": compat.instant(_started_at),
            "versionInfo": built,
        },
    )


def _asked_for(
    request: HttpRequest, held: tuple[str, IntegrationDocument]
) -> list[tuple[tuple[int, AlertLine], dict[str, Any]]]:
    """What fires and is asked for, each with its group's number and the alert as Tocsin has it.

    Raises ValueError for a matcher that is none. A matcher may also name the labels that Tocsin adds.
    """
    integration, document = held
    wanted = [matchers.parse(one) for one in request.GET.getlist("filter")]
    reader = db.reader(clock.now())
    book = compile_rulebook(configuration.current(reader))
    rows = reader.rows(
        f"{compat.JOINED} WHERE alert.status = 'firing' AND alert.integration = %s ORDER BY alert.id LIMIT %s",
        (integration, ALERTS_MAX),
    )
    kept = [(row[-6], alert) for row in rows if matchers.all_match(wanted, (alert := listing.alert_line(row)).labels)]
    shown = [(each, _gettable(each[1], _added(book, document, each[1]), integration)) for each in kept]
    return [(each, one) for each, one in shown if _by_state(request, one)]


def _added(book: Rulebook, document: IntegrationDocument, alert: AlertLine) -> Mapping[str, str]:
    """The labels that Tocsin gave the alert beside its own; the severity stays, which nearly every sender says."""
    bare = Signal(action=Action.TRIGGER, dedup_key=alert.dedup_key, title=alert.title)
    labels = rules.match_labels(book, alert.integration, document.service, bare)
    return {name: value for name, value in labels.items() if name != "severity"}


def _by_state(request: HttpRequest, alert: dict[str, Any]) -> bool:
    """Alertmanager's `active` and `silenced`, each true unless it says false."""
    wanted = "silenced" if alert["status"]["state"] == "suppressed" else "active"
    return request.GET.get(wanted, "true") != "false"


def _silences_of(reader: Reader, integration: str) -> list[int]:
    rows = reader.rows(
        "SELECT DISTINCT silence_id FROM alerts_alert WHERE status = 'firing' AND silence_id IS NOT NULL"
        " AND integration = %s ORDER BY silence_id DESC LIMIT %s",
        (integration, ALERTS_MAX),
    )
    return [int(row[0]) for row in rows]


def _group(
    first: AlertLine, shown: list[dict[str, Any]], integration: str, document: IntegrationDocument
) -> dict[str, Any]:
    labels = {name: first.labels.get(name, "") for name in document.group_by}
    return {"labels": labels, "receiver": {"name": integration}, "alerts": shown}


def _gettable(alert: AlertLine, added: Mapping[str, str], receiver: str) -> dict[str, Any]:
    """As it was sent, as far as that is known: by its own fingerprint, with its own labels, annotations and address."""
    own = alert.dedup_key if _FINGERPRINT.fullmatch(alert.dedup_key) else ""
    silenced = [str(alert.silence)] if alert.silence is not None else []
    return {
        "fingerprint": own or hashlib.sha256(f"{alert.integration}\x1f{alert.dedup_key}".encode()).hexdigest()[:16],
        "startsAt": compat.instant(alert.started_at),
        "updatedAt": compat.instant(alert.last_signal_at),
        "endsAt": compat.instant(alert.expires_at or alert.last_signal_at + NO_END),
        "annotations": {
            name: value
            for name, value in alert.details.items()
            if isinstance(value, str) and name not in _NOT_ANNOTATED
        },
        "receivers": [{"name": receiver}],
        "status": {
            "state": "suppressed" if silenced else "active",
            "silencedBy": silenced,
            "inhibitedBy": [],
            "mutedBy": [],
        },
        "labels": {name: value for name, value in alert.labels.items() if added.get(name) != value},
        "generatorURL": next((link["href"] for link in alert.links if link["text"] in _GENERATORS), ""),
    }


def _silence(one: SilenceLine) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "status": {"state": "active" if one.active else "expired"},
        "startsAt": compat.instant(one.starts_at),
        "endsAt": compat.instant(one.ends_at),
        "updatedAt": compat.instant(one.created_at),
        "createdBy": "tocsin",
        "comment": f"silence {one.id} in Tocsin",
        "matchers": [
            {
                "name": each.label,
                "value": each.value,
                "isRegex": each.op in (Op.MATCHES, Op.NOT_MATCHES),
                "isEqual": each.op in (Op.EQUAL, Op.MATCHES),
            }
            for each in (matchers.parse(written) for written in one.matchers)
        ],
    }


def _stranger() -> HttpResponse:
    return compat.answer(401, {"code": 401, "message": "unauthorized: no integration has this key"})


def _bad_matcher(error: ValueError) -> HttpResponse:
    return compat.answer(400, f"bad matcher format: {error}")
