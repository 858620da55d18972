"""Chores: each has its turn, and whoever has much to do does it a piece at a time."""

from __future__ import annotations

from tocsin.engine.domain import Chore
from tocsin.engine.loop import Chores


def test_who_has_more_to_do_does_not_keep_the_others_waiting() -> None:
    """What is left of a large chore is done at the next looks, after the small ones; then not before its time."""
    done: list[str] = []

    def large() -> bool:
        done.append("large")
        return done.count("large") < 3

    def small() -> None:
        done.append("small")

    chores = Chores([Chore(name="large", every_s=3600, run=large), Chore(name="small", every_s=0, run=small)])
    for _ in range(4):
        chores.run()
    assert done == ["large", "small", "large", "small", "large", "small", "small"]


def test_a_chore_that_fails_comes_round_again() -> None:
    """Its neighbours go on, and so does it."""
    done: list[str] = []

    def fails() -> None:
        done.append("fails")
        raise ValueError("a bug")

    chores = Chores(
        [Chore(name="fails", every_s=0, run=fails), Chore(name="next", every_s=0, run=lambda: done.append("next"))]
    )
    chores.run()
    chores.run()
    assert done == ["fails", "next", "fails", "next"]
