"""How long the server takes for the pages people look at most, in a company of some size."""

from __future__ import annotations

import http.client
import time

from bench import estate
from bench.installation import Installation

ROUNDS = 60
WARM_UP = 3
PAGES = (
    ("Now", "/"),
    ("groups", "/groups"),
    ("groups of a service, all states", "/groups?status=all&service=v7&urgency=high"),
    ("groups of a team, resolved", "/groups?status=resolved&team=t3"),
    ("groups by a word", "/groups?status=all&q=Queue+17+of"),
    ("groups by a word nobody wrote", "/groups?status=all&q=elephant"),
    ("a group", "/groups/{group}"),
    ("on-call timeline", "/oncall"),
    ("services", "/services"),
    ("inbox", "/inbox"),
)


def measure(server: Installation) -> list[tuple[str, str]]:
    """Each page's name and its times; a page that is not there is left out."""
    cookie = estate.sign_in(server)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    group = estate.SERVICES * estate.GROUPS_PER_SERVICE - 1
    found = []
    for name, path in PAGES:
        times = []
        before = 0.0
        for number in range(ROUNDS + WARM_UP):
            before = server.cpu_s() if number == WARM_UP else before
            started = time.perf_counter()
            connection.request("GET", path.format(group=group), headers={"Cookie": f"tocsin={cookie}"})
            answer = connection.getresponse()
            size = len(answer.read())
            times.append(time.perf_counter() - started)
            if answer.status != 200:
                break
        else:
            cpu_ms = (server.cpu_s() - before) * 1000 / ROUNDS
            ordered = sorted(times[WARM_UP:])
            p50, p95 = ordered[len(ordered) // 2] * 1000, ordered[int(len(ordered) * 0.95)] * 1000
            found.append((name, f"p50 {p50:.0f}, p95 {p95:.0f}, cpu {cpu_ms:.0f} ms, {size // 1024} KiB"))
    connection.close()
    return found
