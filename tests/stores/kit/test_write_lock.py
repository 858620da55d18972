"""Whose turn it is to write to SQLite."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from crash.processes import eventually
from tocsin.kit.sqlite.write_lock import WriteLock

PATIENCE_S = 20.0


def waits(lock: WriteLock, count: int) -> bool:
    """Whether so many wait for it."""
    return lock.waiting == count


def turns(asking: str) -> str:
    """Who gets the lock in which order, if they ask for it in this one; a capital is brief."""
    lock, had = WriteLock(), list[str]()

    def take(name: str) -> None:
        lock.acquire(is_brief=name.isupper())
        had.append(name)
        lock.release()

    lock.acquire()
    threads = [threading.Thread(target=take, args=(name,)) for name in asking]
    for number, thread in enumerate(threads, start=1):
        thread.start()
        eventually(partial(waits, lock, number), PATIENCE_S)
    lock.release()
    for thread in threads:
        thread.join(PATIENCE_S)
    return "".join(had)


@pytest.mark.parametrize(
    ("asking", "served"), [("abc", "abc"), ("ABC", "ABC"), ("aBcDE", "BaDcE"), ("abcDEF", "DaEbFc"), ("Aab", "Aab")]
)
def test_the_brief_have_every_second_turn_and_nobody_is_passed_over_twice(asking: str, served: str) -> None:
    """Those who are alike are served as they came; one insert waits for one of the engine's threads at most."""
    assert turns(asking) == served
