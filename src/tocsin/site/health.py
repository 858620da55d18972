"""How this installation is: alive, ready, in numbers. For load balancers, watchdogs and Prometheus."""

from __future__ import annotations

import hmac
import ipaddress
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cache

import structlog
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from tocsin import __version__
from tocsin.alerts import auditor
from tocsin.engine import beat, health
from tocsin.engine.health import ALIVE_WITHIN
from tocsin.kit import clock, db, troubles
from tocsin.kit.db import Reader
from tocsin.site import environment, upgrade
from tocsin.site.running import running

log = structlog.get_logger()
LATELY = timedelta(minutes=15)
LATELY_DELIVERIES_MAX = 5000  # the newest this many are looked at
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")
_LANES = {0: "page", 1: "notice", 2: "bulk"}


@require_safe
def healthy(_: HttpRequest) -> HttpResponse:
    """The process answers."""
    return _text(200, "OK")


@require_safe
def ready(_: HttpRequest) -> HttpResponse:
    """Signals can be taken in and pages can go out; otherwise each reason on a line."""
    reasons = not_ready()
    return _text(503, *reasons) if reasons else _text(200, "OK")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus: from this machine, or with the bearer token of TOCSIN_METRICS_TOKEN."""
    if not _may_measure(request):
        return _text(403, "metrics are for this machine, or for the bearer token that TOCSIN_METRICS_TOKEN holds")
    return HttpResponse(generate_latest(_registry()), content_type=METRICS_TYPE)


def not_ready() -> list[str]:
    """Why this process should get no traffic; empty if it should."""
    found = running.troubles()
    refused = troubles.writes.trouble()
    if refused:  # without asking it: it may not answer
        return [*found, refused]
    try:
        reader = db.reader(clock.now())
        reader.value("SELECT 1")
        found += [f"the database lacks {step}" for step in _missing_steps()]
        if not found and running.engine_expected and not beat.alive(reader, ALIVE_WITHIN):
            found.append(f"no engine has been alive for {ALIVE_WITHIN.seconds} s")
    except db.DatabaseGone as error:
        log.warning("ready.database_gone", error=str(error))
        found.append("the database does not answer")
    return found


class Numbers(Collector):
    """What is read from the database at each scrape. Every node tells the same of the whole installation."""

    def __init__(self) -> None:
        self._counted_to = 0
        self._deliveries: Counter[tuple[str, str]] = Counter()

    def describe(self) -> list[Metric]:
        """Nothing is read before the first scrape."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("tocsin", "This installation.", value={"version": __version__})
        is_away = False
        try:
            yield from list(self._read(db.reader(clock.now())))
        except db.DatabaseGone as error:  # what is not known is left out; what this process knows is told all the more
            log.warning("metrics.database_gone", error=troubles.first_line(error))
            is_away = True
        yield from _this_process(is_away=is_away)
        dead = len(running.troubles())
        yield GaugeMetricFamily(
            "tocsin_dead_threads", "Threads of this process that should run and do not.", value=dead
        )

    def _read(self, reader: Reader) -> Iterator[Metric]:
        yield from _signals(reader)
        yield from _pages(reader)
        yield self._delivered(reader)
        takeovers = CounterMetricFamily("tocsin_takeovers", "Sends taken over from a dead engine: possible duplicates.")
        takeovers.add_metric([], _takeovers(reader))
        yield takeovers

    def _delivered(self, reader: Reader) -> Metric:
        """Counts what came since the last scrape, so that a scrape does not read the whole history."""
        last = int(reader.value("SELECT max(id) FROM engine_attempt") or 0)
        rows = reader.rows(
            "SELECT delivery.channel, attempt.outcome, count(*) FROM engine_attempt attempt"
            " JOIN engine_delivery delivery ON delivery.id = attempt.delivery_id"
            " WHERE attempt.id > %s AND attempt.id <= %s GROUP BY delivery.channel, attempt.outcome",
            (self._counted_to, last),
        )
        self._counted_to = max(last, self._counted_to)
        for channel, outcome, count in rows:
            self._deliveries[channel, outcome] += count
        family = CounterMetricFamily(
            "tocsin_deliveries", "Attempts to deliver a message, by what became of them.", labels=["channel", "outcome"]
        )
        for (channel, outcome), count in sorted(self._deliveries.items()):
            family.add_metric([channel, outcome], count)
        return family


def _this_process(*, is_away: bool) -> Iterator[Metric]:
    """What only this process knows: each tells its own."""
    failing = is_away or bool(troubles.writes.trouble())
    yield GaugeMetricFamily(
        "tocsin_database_failing", "1 while the database takes nothing, does not answer, or is damaged.", value=failing
    )
    put_off = CounterMetricFamily(
        "tocsin_requests_put_off", "Requests with signals that were told to come again: they were not durable in time."
    )
    put_off.add_metric([], running.intake.writer.put_off if running.intake is not None else 0)
    yield put_off
    refused = CounterMetricFamily(
        "tocsin_requests_refused",
        "Requests with a known key that were not taken in: limit (429), too_large (413), unreadable (400).",
        labels=["integration", "reason"],
    )
    for (name, kind), count in sorted(running.intake.refusals.total.items()) if running.intake is not None else ():
        refused.add_metric([name, kind.value], count)
    yield refused
    free = shutil.disk_usage(environment.data_dir()).free
    yield GaugeMetricFamily("tocsin_data_free_bytes", "Free space where the data directory is.", value=free)


def _signals(reader: Reader) -> Iterator[Metric]:
    backlog = auditor.backlog(reader)
    yield GaugeMetricFamily("tocsin_signals_backlog", "Signals accepted and not yet absorbed.", value=backlog)
    lost = auditor.known(reader).unaccounted
    yield GaugeMetricFamily("tocsin_signals_unaccounted", "Signals accepted and not accounted for: 0.", value=lost)
    groups = GaugeMetricFamily("tocsin_groups", "Alert groups that are not resolved, by status.", labels=["status"])
    for status, count in reader.rows(
        "SELECT status, count(*) FROM alerts_group WHERE status IN ('open', 'acknowledged', 'snoozed', 'suppressed')"
        " GROUP BY status"
    ):
        groups.add_metric([status], count)
    yield groups


def _pages(reader: Reader) -> Iterator[Metric]:
    engine = health.look(reader)
    late = engine.page_late_s
    yield GaugeMetricFamily(
        "tocsin_page_lateness_seconds", "How overdue the oldest page is that nobody has begun to send.", value=late
    )
    overdue = engine.timer_late_s
    yield GaugeMetricFamily("tocsin_timer_lateness_seconds", "How overdue the oldest timer is.", value=overdue)
    failing = engine.timers_failing
    yield GaugeMetricFamily("tocsin_timers_failing", "Timers whose work keeps raising.", value=failing)
    alive = engine.engines_alive
    yield GaugeMetricFamily("tocsin_engine_alive", "Engines alive within 30 seconds.", value=alive)
    waiting = GaugeMetricFamily("tocsin_outbox_waiting", "Messages not sent yet, by lane.", labels=["lane"])
    counts: dict[int, int] = dict(
        reader.rows("SELECT lane, count(*) FROM engine_delivery WHERE state = 'waiting' GROUP BY lane")
    )
    for lane, name in _LANES.items():
        waiting.add_metric([name], counts.get(lane, 0))
    yield waiting
    delays = _delays(reader)
    lately = SummaryMetricFamily(
        "tocsin_page_delay_seconds", "From due to handed over, of the pages of the last 15 minutes."
    )
    lately.add_metric([], count_value=len(delays), sum_value=sum(delays))
    yield lately
    worst = delays[-1] if delays else 0.0
    yield GaugeMetricFamily("tocsin_page_delay_max_seconds", "The longest of these delays.", value=worst)


def _delays(reader: Reader) -> list[float]:
    since = clock.to_us(reader.now - LATELY)
    rows = reader.rows(
        "SELECT lane, state, settled_at, due_at FROM engine_delivery ORDER BY id DESC LIMIT %s",
        (LATELY_DELIVERIES_MAX,),
    )
    return sorted(
        max(settled_at - due_at, 0) / 1e6
        for lane, state, settled_at, due_at in rows
        if lane == 0 and state == "delivered" and settled_at >= since
    )


def _takeovers(reader: Reader) -> int:
    return int(reader.value("SELECT sum(takeovers) FROM engine_delivery WHERE takeovers > 0") or 0)


_up_to_date: list[bool] = []


def _missing_steps() -> list[str]:
    """Once all steps are taken they stay taken, so the schema is looked at only until then."""
    if _up_to_date:
        return []
    missing = upgrade.pending()
    if not missing:
        _up_to_date.append(True)
    return missing


@cache
def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(Numbers())
    ProcessCollector(registry=registry)
    return registry


def _may_measure(request: HttpRequest) -> bool:
    token = environment.get("TOCSIN_METRICS_TOKEN")
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode()):
        return True
    return _is_loopback(request.META.get("REMOTE_ADDR", "")) and not any(name in request.headers for name in _FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _text(status: int, *lines: str) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", status=status, content_type="text/plain; charset=utf-8")
