"""How regular expressions are written, read into a tree. See `patterns` for what is left out, and why."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

NESTED_MAX = 50  # groups in groups; far below the depth at which Python itself gives up
REPEATS_MAX = 1000  # of one part, as in RE2
_COUNTED = re.compile(r"\{(?:(\d{1,9})|(\d{0,9})(,)(\d{0,9}))\}")
_GROUP = re.compile(r"\?(?:P?<[^\W\d]\w*>|(?P<on>[is]*)(?:-(?P<off>[is]+))?(?P<end>[:)]))")
_HEX = re.compile(r"x(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_CODE_POINT_MAX = 0x10FFFF

Test = Callable[[str], bool]


class At(Enum):
    """What must be so between two characters."""

    START = "start"
    END = "end"
    EDGE = "the edge of a word"
    NO_EDGE = "no edge of a word"


@dataclass(frozen=True, slots=True)
class One:
    """One character of these."""

    test: Test


@dataclass(frozen=True, slots=True)
class Join:
    """One part after the other."""

    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the branches."""

    branches: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """A part so often; `most` None is for ever."""

    part: Part
    least: int
    most: int | None


Part = One | Join | Choice | Times | At


class Wrong(Exception):
    """What is wrong with a pattern, in words."""


def read(written: str) -> Part:
    """The tree of a pattern. Raises Wrong."""
    return _Reader(written).all()


@dataclass(frozen=True, slots=True)
class _Flags:
    fold: bool = False  # (?i)
    dot_is_all: bool = False  # (?s)


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, written: str) -> None:
        self._written = written
        self._at = 0
        self._depth = 0

    def all(self) -> Part:
        """The whole pattern. Raises Wrong."""
        read = self._choice(_Flags())
        if self._at < len(self._written):
            raise Wrong("a ) closes nothing; write \\) for the character")
        return read

    def _choice(self, flags: _Flags) -> Part:
        branches = []
        parts: list[Part] = []
        while self._at < len(self._written) and self._written[self._at] != ")":
            if self._take("|"):
                branches.append(Join(tuple(parts)))
                parts = []
                continue
            changed = self._flags(flags)
            if changed is not None:
                flags = changed
                continue
            parts.append(self._repeated(self._atom(flags)))
        return Choice((*branches, Join(tuple(parts)))) if branches else Join(tuple(parts))

    def _flags(self, flags: _Flags) -> _Flags | None:
        """`(?i)`: how the rest of the group is read."""
        found = _GROUP.match(self._written, self._at + 1) if self._written[self._at] == "(" else None
        if found is None or found["end"] != ")":
            return None
        self._at = found.end()
        return _changed(flags, found)

    def _atom(self, flags: _Flags) -> Part:
        char = self._next()
        match char:
            case "(":
                return self._group(flags)
            case "[":
                return One(self._set(flags))
            case ".":
                return One(_anything if flags.dot_is_all else _not_a_line_feed)
            case "^":
                return At.START
            case "$":
                return At.END
            case "\\":
                return self._escaped(flags)
            case "*" | "+" | "?" | "{" if char != "{" or _COUNTED.match(self._written, self._at - 1):
                raise Wrong(f"there is nothing before {char} to repeat; write \\{char} for the character")
            case _:
                return One(_folded(_exactly(char), flags))

    def _group(self, flags: _Flags) -> Part:
        if self._written[self._at : self._at + 1] == "?":
            found = _GROUP.match(self._written, self._at)
            if found is None:
                raise Wrong(_other_group(self._written[self._at : self._at + 3]))
            self._at = found.end()
            flags = _changed(flags, found)
        self._depth += 1
        if self._depth > NESTED_MAX:
            raise Wrong(f"more than {NESTED_MAX} groups within each other")
        read = self._choice(flags)
        if not self._take(")"):
            raise Wrong("a ( is not closed; write \\( for the character")
        self._depth -= 1
        return read

    def _repeated(self, part: Part) -> Part:
        bounds = self._bounds()
        if bounds is None:
            return part
        least, most = bounds
        if max(least, most or 0) > REPEATS_MAX:
            raise Wrong(f"a part can be repeated {REPEATS_MAX} times at the most")
        if most is not None and most < least:
            raise Wrong("a repetition has less at the most than at the least")
        self._take("?")  # as few as possible or as many: the whole text matches or it does not
        if self._bounds() is not None:
            raise Wrong("a repetition is repeated; put the inner one in ( )")
        return Times(part, least, most)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        found = _COUNTED.match(self._written, self._at)
        if found is None:
            return None
        self._at = found.end()
        if found[3] is None:
            return int(found[1]), int(found[1])
        return int(found[2] or 0), int(found[4]) if found[4] else None

    def _escaped(self, flags: _Flags) -> Part:
        char = self._next()
        match char:
            case "b":
                return At.EDGE
            case "B":
                return At.NO_EDGE
            case "A":
                return At.START
            case "Z" | "z":
                return At.END
            case _:
                return One(_CLASSES.get(char) or _folded(_exactly(self._literal(char)), flags))

    def _literal(self, char: str) -> str:
        """The character that an escape stands for, when its first has been read."""
        if char in _CONTROLS:
            return _CONTROLS[char]
        found = _HEX.match(self._written, self._at - 1)
        if found is not None:
            self._at = found.end()
            code = int(found[1] or found[2], 16)
            if code <= _CODE_POINT_MAX:
                return chr(code)
        if char.isascii() and char.isalnum():
            what = "a reference back to a group" if char.isdigit() else "this escape"
            raise Wrong(f"\\{char}: {what} is not understood")
        return char

    def _set(self, flags: _Flags) -> Test:
        negated = self._take("^")
        tests = [self._entry()]  # a ] here is the character
        while not self._take("]"):
            tests.append(self._entry())
        found = _folded(_any_of(tests), flags)
        return (lambda char: not found(char)) if negated else found

    def _entry(self) -> Test:
        low = self._member()
        if not isinstance(low, str) or self._written[self._at : self._at + 1] != "-":
            return _exactly(low) if isinstance(low, str) else low
        if self._written[self._at + 1 : self._at + 2] in ("]", ""):
            return _exactly(low)
        self._at += 1
        high = self._member()
        if not isinstance(high, str) or high < low:
            raise Wrong("a range in [ ] ends before it begins")
        return lambda char: low <= char <= high

    def _member(self) -> str | Test:
        char = self._next("a [ is not closed; write \\[ for the character")
        if char == "[" and self._written[self._at : self._at + 1] == ":":
            raise Wrong("names such as [:alpha:] are not understood; write \\w, \\d, \\s or a range")
        if char != "\\":
            return char
        char = self._next()
        return _CLASSES.get(char) or ("\b" if char == "b" else self._literal(char))

    def _next(self, missing: str = "it ends with a single \\") -> str:
        if self._at >= len(self._written):
            raise Wrong(missing)
        self._at += 1
        return self._written[self._at - 1]

    def _take(self, char: str) -> bool:
        if self._written[self._at : self._at + 1] != char:
            return False
        self._at += 1
        return True


def _other_group(start: str) -> str:
    if start.startswith(("?=", "?!", "?<=", "?<!")):
        return "looking ahead or behind is not understood; write `label!~` for what must not match"
    return f"({start} is not understood; write (?:…) for a group, (?i) to read capitals as small letters"


def _changed(flags: _Flags, said: re.Match[str]) -> _Flags:
    on, off = said["on"] or "", said["off"] or ""
    return replace(
        flags,
        fold=(flags.fold or "i" in on) and "i" not in off,
        dot_is_all=(flags.dot_is_all or "s" in on) and "s" not in off,
    )


def _folded(test: Test, flags: _Flags) -> Test:
    return (lambda char: test(char) or test(char.lower()) or test(char.upper())) if flags.fold else test


def _exactly(wanted: str) -> Test:
    return wanted.__eq__


def _any_of(tests: Sequence[Test]) -> Test:
    return lambda char: any(test(char) for test in tests)


def _anything(_char: str) -> bool:
    return True


def _not_a_line_feed(char: str) -> bool:
    return char != "\n"


def is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CLASSES: dict[str, Test] = {
    "d": str.isdecimal,
    "D": lambda char: not char.isdecimal(),
    "s": str.isspace,
    "S": lambda char: not char.isspace(),
    "w": is_word,
    "W": lambda char: not is_word(char),
}
