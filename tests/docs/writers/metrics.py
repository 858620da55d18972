"""docs/reference/metrics.md: what /metrics tells, read from the collector's source so that no database is needed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.docs.writers import marks

from tocsin.site import health

_TYPES = {"GaugeMetricFamily": "gauge", "CounterMetricFamily": "counter", "SummaryMetricFamily": "summary", "InfoMetricFamily": "info"}  # fmt: skip
ENDINGS = {"counter": "_total", "info": "_info"}
HINTS = {
    "tocsin_signals_unaccounted": "Alert when it is not 0.",
    "tocsin_page_lateness_seconds": "Alert when it is above 60.",
    "tocsin_engine_alive": "Alert when it is 0.",
    "tocsin_timers_failing": "Alert when it is not 0.",
    "tocsin_dead_threads": "Alert when it is not 0.",
    "tocsin_takeovers_total": "Rises after an engine died while it was sending.",
}


@dataclass(frozen=True, slots=True)
class Family:
    """One metric as the source declares it."""

    name: str
    kind: str
    about: str
    labels: tuple[str, ...]


def families() -> list[Family]:
    """Every metric of ours, in the order of the source."""
    tree = ast.parse(Path(health.__file__).read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    calls.sort(key=lambda call: call.lineno)
    return [_family(call, _TYPES[ast.unparse(call.func)]) for call in calls if ast.unparse(call.func) in _TYPES]


def write() -> dict[str, str]:
    """The page."""
    rows = [
        (
            marks.code(one.name),
            one.kind,
            ", ".join(marks.code(label) for label in one.labels),
            f"{one.about} {HINTS.get(one.name, '')}".strip(),
        )
        for one in families()
    ]
    return {
        "metrics.md": marks.page(
            "Metrics",
            "`GET /metrics` answers Prometheus from this machine, and from elsewhere with the bearer token of"
            " `TOCSIN_METRICS_TOKEN`. Numbers are read from the database at each scrape, so every node tells the same of"
            " the whole installation; only `tocsin_dead_threads`, `tocsin_database_failing`, `tocsin_requests_put_off_total`,"
            " `tocsin_requests_refused_total`, `tocsin_data_free_bytes` and what begins with `process_` are of the one process, since its start."
            " See [watch Tocsin itself](../howto/watch-tocsin-itself.md) for rules to put on them.",
            marks.table(("metric", "type", "labels", "meaning"), rows),
            "Beside these stand the usual `process_…` metrics of memory, processor time and open files.",
        )
    }


def _family(call: ast.Call, kind: str) -> Family:
    name, about = (ast.literal_eval(one) for one in call.args[:2])
    labels = next((ast.literal_eval(one.value) for one in call.keywords if one.arg == "labels"), ())
    return Family(name + ENDINGS.get(kind, ""), kind, about, tuple(labels))
