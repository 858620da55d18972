"""What a change of the configuration means before it is made: gaps and duty (paging), and who is paged differently.

Who is paged differently is told while a change is thought through, not while it is made: asking the what-if some
hundred times may take a second, and a transaction would keep others waiting for so long.
"""

from __future__ import annotations

from tocsin.config.domain import Snapshot
from tocsin.config.registry import Consequences
from tocsin.kit import text
from tocsin.kit.db import Reader, Tx
from tocsin.oncall import queries as oncall
from tocsin.paging import foresight
from tocsin.paging.standing import Standing
from tocsin.simulate import compare, probes
from tocsin.simulate.compare import Compared


def consequences(reader: Reader, before: Snapshot, after: Snapshot) -> Consequences:
    """All of it."""
    first = foresight.consequences(reader, before, after)
    if isinstance(reader, Tx):
        return first
    found = _compared(reader, before, after)
    untried = (f"{text.plural(found.untried, 'further service or route', 'further services and routes')} not compared",)
    return Consequences(
        notes=(*first.notes, *(one.words for one in found.found), *(untried if found.untried else ())),
        details=(*first.details, *(one.as_json() for one in found.found)),
        problems=first.problems,
    )


def _compared(reader: Reader, before: Snapshot, after: Snapshot) -> Compared:
    tried = probes.probes(before, after)
    if not tried:
        return Compared(found=())
    counts = oncall.in_force(reader, reader.now, reader.now + compare.LOOK_AHEAD)
    was, becomes = (Standing(one, lambda: counts) for one in (before, after))
    for side in (was, becomes):
        side.know_contacts(reader, side.people)
    return compare.compare(was, becomes, tried, reader.now)
