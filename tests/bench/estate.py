"""A company of some size: 200 services, 100 schedules, 100 people, 10,000 alert groups with 100,000 alerts.

Everything comes in through the doors: each service's Prometheus pushes 50 groups of ten alerts, the engine pages
people for each of them, and most are resolved again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

from bench import load
from bench.installation import Installation

SERVICES, SCHEDULES, PEOPLE, TEAMS = 200, 100, 100, 20
GROUPS_PER_SERVICE, ALERTS_PER_GROUP = 50, 10
OPEN_PER_SERVICE = 5  # the others are over
ALERTS_PER_PUSH = 250
WHO = "p0@bench.example"


def configuration() -> str:
    """All of it as one document; inboxes only, since nobody is to be called."""
    people = [
        f"  p{n}: {{name: Person {n}, email: p{n}@bench.example, role: {'admin' if n == 0 else 'responder'}, contacts: {{here: {{inbox: true}}}}}}"
        for n in range(PEOPLE)
    ]
    teams = [
        f"  t{n}: {{name: Team {n}, members: [{', '.join(f'p{one}' for one in range(n, PEOPLE, TEAMS))}]}}"
        for n in range(TEAMS)
    ]
    schedules = [
        f"  s{n}: {{name: Schedule {n}, timezone: Europe/Berlin, layers: [{{name: weekly, rotation: weekly,"
        f" handoff: Mon 09:00, start: 2026-01-05, people: [{', '.join(f'p{(n + one) % PEOPLE}' for one in range(5))}]}},"
        f" {{name: days, rotation: daily, handoff: 09:00, start: 2026-01-05, people: [p{n}, p{(n + 7) % PEOPLE}],"
        f" between: ['09:00-17:00'], weekdays: [Mon-Fri]}}]}}"
        for n in range(SCHEDULES)
    ]
    policies = [
        f"  e{n}: {{name: Policy {n}, steps: [{{page: [schedule:s{n}], wait: 1h}}, {{page: [team:t{n % TEAMS}], wait: 1h}}]}}"
        for n in range(SCHEDULES)
    ]
    services = [
        f"  v{n}: {{name: Service {n}, team: t{n % TEAMS}, policy: e{n % SCHEDULES}, storm: off}}"
        for n in range(SERVICES)
    ]
    doors = [
        f"  d{n}: {{service: v{n}, source: prometheus, key: {_key(n)}, group_by: [problem], rate_limit: 9000000/m}}"
        for n in range(SERVICES)
    ]
    parts = (
        ("people", people),
        ("teams", teams),
        ("schedules", schedules),
        ("policies", policies),
        ("services", services),
        ("integrations", doors),
    )
    return "tocsin: 1\n" + "\n".join(f"{name}:\n" + "\n".join(lines) for name, lines in parts) + "\n"


async def move_in(server: Installation) -> None:
    """Open everything, then close what is to be over."""
    for over in (False, True):
        figures = await load.closed_loop(
            "127.0.0.1", server.port, _pushes(over=over), connections=8, seconds=600, count=_count(over=over)
        )
        assert not figures.failed, figures.failed
        server.wait_absorbed(600)


def sign_in(server: Installation, email: str = WHO) -> str:
    """The session of an administrator."""
    command = [sys.executable, "-m", "bench.sign_in", email]
    told = subprocess.run(
        command,
        env=server.environment | {"PYTHONPATH": str(_tests())},
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout.strip()


def _tests() -> str:
    return str(__file__).rsplit("/", 2)[0]


def _key(service: int) -> str:
    return f"{service:04d}".rjust(32, "k")


def _count(*, over: bool) -> int:
    groups = GROUPS_PER_SERVICE - (OPEN_PER_SERVICE if over else 0)
    return SERVICES * -(-groups * ALERTS_PER_GROUP // ALERTS_PER_PUSH)


def _pushes(*, over: bool) -> Iterator[bytes]:
    """Requests as Prometheus sends them; `over` ends all but the newest problems of each service."""
    now = time.time()
    ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 1 if over else now + 3600))
    starts = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 600))
    groups = GROUPS_PER_SERVICE - (OPEN_PER_SERVICE if over else 0)
    for service in range(SERVICES):
        alerts = [
            {
                "labels": {
                    "alertname": "QueueGrows",
                    "problem": f"problem-{group}",
                    "instance": f"host{one}.bench.example:9100",
                    "severity": ("critical", "warning", "info")[group % 3],
                    "job": "node",
                },
                "annotations": {"summary": f"Queue {group} of service {service} grows", "description": "x" * 120},
                "startsAt": starts,
                "endsAt": ends,
                "generatorURL": "https://prometheus.bench.example/graph?g0.expr=queue",
            }
            for group in range(groups)
            for one in range(ALERTS_PER_GROUP)
        ]
        for at in range(0, len(alerts), ALERTS_PER_PUSH):
            body = json.dumps(alerts[at : at + ALERTS_PER_PUSH]).encode()
            yield load.post(f"/in/prometheus/{_key(service)}/api/v2/alerts", body)
