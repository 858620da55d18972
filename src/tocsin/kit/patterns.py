"""Regular expressions whose time grows with the text's length alone, whatever was written.

People write these in silences, routes and queries, and strangers choose the text they are tried on. `re` backtracks: a
pattern of six characters can keep it busy for years, with every other thread waiting, and no look at the pattern tells
the harmless ones apart. So a pattern is compiled to a small program (Thompson, 1968) whose states are worked out as
texts are read, and kept. The price is what RE2, and so Prometheus and Alertmanager, leave out too: references back to
a group, and looking ahead or behind. What is left means what it means in `re`, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tocsin.kit import pattern_syntax
from tocsin.kit.pattern_syntax import At, Choice, Join, One, Part, Times, is_word

PATTERN_CHARS_MAX = 1000
STEPS_MAX = 2000  # of a program; `{…}` writes its part out that often
KEPT_MAX = 2000  # transitions that are remembered, some hundred bytes each; beyond that they are worked out anew


@dataclass(frozen=True, slots=True)
class Split:
    """Go on at both steps."""

    first: int
    second: int


Step = One | At | Split | None  # None: the end of the program, where the text has matched


@dataclass(slots=True, eq=False)
class State:
    """The steps a program may stand at after some text, and what the last character was."""

    steps: frozenset[int]
    after: str  # the last character, or "" at the start
    following: dict[str, State] = field(default_factory=dict)
    is_match: bool | None = None  # if the text ends here; None until somebody asks


class Pattern:
    """A compiled regular expression. May be used by several threads at once."""

    def __init__(self, written: str) -> None:
        """Raises ValueError that says what is wrong with it, or too much."""
        if len(written) > PATTERN_CHARS_MAX:
            raise ValueError(f"a pattern has at most {PATTERN_CHARS_MAX} characters, this one has {len(written)}")
        try:
            read = pattern_syntax.read(written)
        except pattern_syntax.Wrong as wrong:
            raise ValueError(f"{written!r} is not a regular expression: {wrong}") from None
        if _size(read) > STEPS_MAX:
            raise ValueError(f"{written!r} repeats too much: written out it has more than {STEPS_MAX} parts")
        self._program = _compile(read)
        self._forget()

    def matches(self, text: str) -> bool:
        """Whether the whole text is one that was meant."""
        state = self._start
        for char in text:
            state = state.following.get(char) or self._follow(state, char)
            if not state.steps:
                return False
        if state.is_match is None:
            state.is_match = any(self._program[step] is None for step in self._reach(state, ""))
        return state.is_match

    def _forget(self) -> None:
        self._start = State(frozenset([0]), "")
        self._states: dict[tuple[frozenset[int], bool], State] = {}
        self._kept = 0

    def _follow(self, state: State, char: str) -> State:
        """The state after one more character; remembered, as long as there are not too many."""
        steps = frozenset(
            step + 1
            for step in self._reach(state, char)
            if isinstance(one := self._program[step], One) and one.test(char)
        )
        if self._kept >= KEPT_MAX:
            self._forget()
        self._kept += 1
        found = self._states.setdefault((steps, is_word(char)), State(steps, char))
        state.following[char] = found
        return found

    def _reach(self, state: State, char: str) -> Iterable[int]:
        """All steps that can be gone to without reading anything, between the last character and this one."""
        seen: set[int] = set()
        waiting = list(state.steps)
        while waiting:
            place = waiting.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self._program[place]
            if isinstance(step, Split):
                waiting += (step.first, step.second)
            elif isinstance(step, At) and _holds(step, state.after, char):
                waiting.append(place + 1)
        return seen


def _holds(at: At, before: str, after: str) -> bool:
    match at:
        case At.START:
            return not before
        case At.END:
            return not after
        case At.EDGE:
            return is_word(before) != is_word(after)
        case At.NO_EDGE:
            return is_word(before) == is_word(after)


def _size(part: Part) -> int:
    """How many steps the program of a part has, at least."""
    match part:
        case One() | At():
            return 1
        case Join(parts):
            return sum(map(_size, parts))
        case Choice(branches):
            return sum(map(_size, branches)) + 2 * len(branches)
        case Times(repeated, least, most):
            return (_size(repeated) + 1) * max(least + (most is None), most or 0)


def _compile(read: Part) -> tuple[Step, ...]:
    program: list[Step] = []
    _append(program, read)
    return (*program, None)


def _append(program: list[Step], part: Part) -> None:
    match part:
        case One() | At():
            program.append(part)
        case Join(parts):
            for one in parts:
                _append(program, one)
        case Choice(branches):
            _append_choice(program, branches)
        case Times(repeated, least, most):
            for _ in range(least):
                _append(program, repeated)
            if most is None:
                _append_loop(program, repeated)
            else:
                _append_optional(program, repeated, most - least)


def _append_choice(program: list[Step], branches: Sequence[Part]) -> None:
    leaving = []
    for branch in branches[:-1]:
        fork = _hold(program)
        _append(program, branch)
        leaving.append(_hold(program))
        program[fork] = Split(fork + 1, len(program))
    _append(program, branches[-1])
    for place in leaving:
        program[place] = Split(len(program), len(program))


def _append_loop(program: list[Step], part: Part) -> None:
    fork = _hold(program)
    _append(program, part)
    program.append(Split(fork, fork))
    program[fork] = Split(fork + 1, len(program))


def _append_optional(program: list[Step], part: Part, times: int) -> None:
    forks = []
    for _ in range(times):
        forks.append(_hold(program))
        _append(program, part)
    for fork in forks:
        program[fork] = Split(fork + 1, len(program))


def _hold(program: list[Step]) -> int:
    """The place of a step that is said later."""
    program.append(None)
    return len(program) - 1
