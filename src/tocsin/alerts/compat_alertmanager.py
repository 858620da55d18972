"""The addresses of Alertmanager's API but the one for alerts' arrival, for tools that look after what they have sent.

A key sees what came through its own integration and nothing else: of the silences those that keep an alert of its own
quiet, without who made them and why. Silences are made and ended in Tocsin, where people have names and rights.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tocsin import __version__
from tocsin.alerts import compat, listing
from tocsin.alerts.listing import AlertLine, SilenceLine
from tocsin.catalog.domain import IntegrationDocument
from tocsin.kit import clock, db, matchers
from tocsin.kit.db import Reader
from tocsin.kit.matchers import Op

KINDS = frozenset({"alertmanager", "prometheus", "grafana"})
ALERTS_MAX = 5000
NO_END = timedelta(minutes=5)
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
        shown = [one for _, one in _asked_for(request, found[0])]
    except ValueError as error:
        return _bad_matcher(error)
    return compat.answer(200, shown)


@require_safe
def groups(request: HttpRequest, key: str = "") -> HttpResponse:
    """GET /api/v2/alerts/groups: the same by alert groups."""
    found = compat.integration_of(request, KINDS, key)
    if found is None:
        return _stranger()
    by_group: dict[int, list[dict[str, Any]]] = {}
    try:
        for group, one in _asked_for(request, found[0]):
            by_group.setdefault(group, []).append(one)
    except ValueError as error:
        return _bad_matcher(error)
    return compat.answer(200, [_group(each, *found) for each in by_group.values()])


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


def _asked_for(request: HttpRequest, integration: str) -> list[tuple[int, dict[str, Any]]]:
    """What fires and is asked for, each with its group's number. Raises ValueError for a matcher that is none."""
    wanted = [matchers.parse(one) for one in request.GET.getlist("filter")]
    rows = db.reader(clock.now()).rows(
        f"{compat.JOINED} WHERE alert.status = 'firing' AND alert.integration = %s ORDER BY alert.id LIMIT %s",
        (integration, ALERTS_MAX),
    )
    shown = [(row[-6], _gettable(listing.alert_line(row), integration)) for row in rows]
    return [
        (group, one) for group, one in shown if _by_state(request, one) and matchers.all_match(wanted, one["labels"])
    ]


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


def _group(shown: list[dict[str, Any]], integration: str, document: IntegrationDocument) -> dict[str, Any]:
    labels = {name: shown[0]["labels"].get(name, "") for name in document.group_by}
    return {"labels": labels, "receiver": {"name": integration}, "alerts": shown}


def _gettable(alert: AlertLine, receiver: str) -> dict[str, Any]:
    silenced = [str(alert.silence)] if alert.silence is not None else []
    return {
        "fingerprint": hashlib.sha256(f"{alert.integration}\x1f{alert.dedup_key}".encode()).hexdigest()[:16],
        "startsAt": compat.instant(alert.started_at),
        "updatedAt": compat.instant(alert.last_signal_at),
        "endsAt": compat.instant(alert.expires_at or alert.last_signal_at + NO_END),
        "annotations": {"summary": alert.title, **({"description": alert.description} if alert.description else {})},
        "receivers": [{"name": receiver}],
        "status": {
            "state": "suppressed" if silenced else "active",
            "silencedBy": silenced,
            "inhibitedBy": [],
            "mutedBy": [],
        },
        "labels": alert.labels,
        "generatorURL": alert.links[0]["href"] if alert.links else "",
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
