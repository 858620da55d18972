"""Circles among names that refer to one another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping


def find(edges: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """Circles as `(a, b, …, a)`, in order of their first name; every name on a circle of names is on one of them."""
    done: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in edges:
        if start not in done:
            found += _walk(start, edges, done)
    return found


def _walk(start: str, edges: Mapping[str, Collection[str]], done: set[str]) -> Iterator[tuple[str, ...]]:
    """Depth first without recursion, so that a chain of ten thousand services cannot exhaust the stack."""
    trail = [start]
    place = {start: 0}
    open_edges = [iter(edges.get(start, ()))]
    while trail:
        name = next(open_edges[-1], None)
        if name is None:
            leaving = trail.pop()
            open_edges.pop()
            del place[leaving]
            done.add(leaving)
        elif name in place:
            yield (*trail[place[name] :], name)
        elif name not in done:
            place[name] = len(trail)
            trail.append(name)
            open_edges.append(iter(edges.get(name, ())))
