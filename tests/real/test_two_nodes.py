"""Two servers on one PostgreSQL: what happens on one shows in the pages that are open on the other."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from databases import Database
from real.visitor import Visitor
from serving import Served, found_company, node, session

pytestmark = pytest.mark.xdist_group("real")
SHOWS_S = 1.0
PATIENCE_S = 10.0  # to find out how late it was


@pytest.fixture
def nodes(postgres: Database, tmp_path: Path) -> Iterator[tuple[Served, Served]]:
    """Both, on a database with a company in it."""
    tokens = found_company(postgres)
    postgres.connect()
    with ExitStack() as running:
        first, second = (running.enter_context(node(postgres, tokens, tmp_path / f"{name}.log")) for name in "ab")
        yield first, second


def visitor_of(served: Served, who: str) -> Visitor:
    visitor = Visitor(served.url)
    visitor.carry("tocsin", session(who))
    return visitor


def seen(page: str) -> int:
    """The newest fact a page shows."""
    found = re.search(r'data-seen="(\d+)"', page)
    assert found
    return int(found[1])


def test_a_change_shows_on_every_node_within_a_second(nodes: tuple[Served, Served]) -> None:
    """Opened, acknowledged, silenced on one: a page that is open on the other hears of it, and shows it, in time."""
    first, second = nodes
    here, there = visitor_of(first, "ann"), visitor_of(second, "cleo")
    with (
        here.stream("/live?about=group:,silence:&since=0") as near,
        there.stream("/live?about=group:,silence:&since=0") as far,
    ):
        assert near.until("event: hello", PATIENCE_S)
        assert far.until("event: hello", PATIENCE_S)
        time_of = []
        number = first.trouble("the router smokes")
        started = time.monotonic()
        assert far.until("event: changed", PATIENCE_S)
        time_of.append(time.monotonic() - started)
        assert "the router smokes" in there.get("/")[1]
        far.drain()
        near.drain()
        for act, shows in (
            (lambda: second.api("cleo", "POST", f"/groups/{number}/acknowledgement"), near),
            (lambda: first.api("ann", "POST", f"/groups/{number}/resolution"), far),
        ):
            started = time.monotonic()
            assert act().status == 200
            assert shows.until("event: changed", PATIENCE_S)
            time_of.append(time.monotonic() - started)
            shows.drain()
        assert max(time_of) <= SHOWS_S, time_of
    assert "resolved by" in there.get(f"/groups/{number}")[1].lower()


def test_nothing_is_lost_while_the_line_is_down(nodes: tuple[Served, Served]) -> None:
    """A page that comes back, to another node even, is told at once of what it has not seen, and only of that."""
    first, second = nodes
    number = first.trouble("the fan is loud")
    page = visitor_of(first, "ann").get(f"/groups/{number}")[1]
    assert second.api("cleo", "POST", f"/groups/{number}/acknowledgement").status == 200
    back = visitor_of(second, "ann")
    with back.stream(f"/live?about=group:{number}&since={seen(page)}") as lines:
        assert lines.until("event: changed", PATIENCE_S)
    fresh = back.get(f"/groups/{number}")[1]
    assert "Cleo Adeyemi" in fresh
    with back.stream(f"/live?about=group:{number}&since={seen(fresh)}") as lines:
        assert lines.until("event: hello", PATIENCE_S)
        assert not lines.until("event: changed", 0.5)
