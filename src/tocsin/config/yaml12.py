"""Reading YAML (and JSON, which is YAML) into plain values, with the place of every one of them.

Promises: only null, true/false, numbers, text, lists and maps with text keys come out, by the rules of YAML 1.2: `on`,
`yes`, `08:00` and `2026-01-05` are text. Everything that is wrong is told with its line; a key that stands twice, a
tag, a second document or a map as a key is refused. Reading costs time and memory in proportion to the file: its
depth, its size and what aliases make of it are bounded.

`${NAME}` and `${NAME:-default}` in text are replaced from the environment; `$${` stands for `${` itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from tocsin.config.domain import Problem

BYTES_MAX = 5 * 1024 * 1024
DEPTH_MAX = 40
VALUES_MAX = 200_000  # with aliases expanded

Path = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset({"str", "int", "float", "bool", "null"})
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
INTEGER = re.compile(r"[-+]?[0-9]{1,30}|0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_VARIABLE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_]\w*)(?::-(?P<default>[^}]*))?\})?")
# JSON writes characters beyond U+FFFF as two escapes, which YAML does not join.
_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


NO_VARIABLE = "no value is given for the variable"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One file's value, and where each part of it stands. What an alias brings stands where the alias does."""

    value: object = None
    keys: Mapping[Path, Place] = field(default_factory=dict)
    values: Mapping[Path, Place] = field(default_factory=dict)
    substituted: Mapping[str, str] = field(default_factory=dict)  # what a variable gave -> `${NAME}`
    told: frozenset[Path] = frozenset()  # of these it is told already why they hold nothing useful
    problems: tuple[Problem, ...] = ()

    def place(self, path: Path, *, key: bool = False) -> Place | None:
        """Where `path` stands, or the nearest thing around it that does; the key rather than its value on demand."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path)

    def nearest(self, path: Path) -> Place | None:
        """Where `path` stands, or the nearest thing around it that does: its key, or itself if it has none."""
        while path and path not in self.keys and path not in self.values:
            path = path[:-1]
        return self.keys.get(path) or self.values.get(path)


def read(content: bytes | str, file: str, env: Mapping[str, str]) -> Tree:
    """Read one file. What is wrong stands in `problems`, sorted by nothing yet, each with `file` in it."""
    builder = _Builder(file, env)
    try:
        value = builder.document(_text(content, file))
    except _Stop as stop:
        builder.problems.append(stop.problem(file))
        value = None
    return Tree(
        value=value,
        keys=builder.keys,
        values=builder.values,
        substituted=builder.substituted,
        told=frozenset(builder.told),
        problems=tuple(builder.problems),
    )


class _Stop(Exception):
    """Nothing after this can be read."""

    def __init__(self, message: str, fix: str = "", place: Place | None = None, path: Path = ()) -> None:
        super().__init__(message)
        self._message, self._fix, self._place, self._path = message, fix, place, path

    def problem(self, file: str) -> Problem:
        place = self._place or Place(1, 1)
        return Problem(
            message=self._message,
            fix=self._fix,
            file=file,
            line=place.line,
            column=place.column,
            path=self._path,
        )


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A value that an alias may repeat: how many values it has, and how deep it goes."""

    value: object
    count: int
    height: int


class _Builder:
    """Turns events into values; `problems` are those after which reading can go on."""

    def __init__(self, file: str, env: Mapping[str, str]) -> None:
        self.keys: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.substituted: dict[str, str] = {}
        self.told: set[Path] = set()
        self.problems: list[Problem] = []
        self._file = file
        self._env = env
        self._anchors: dict[str, _Anchor] = {}
        self._count = 0
        self._reach = 0  # the depth reached below the value being read
        self._events: Iterator[yaml.Event] = iter(())

    def document(self, text: str) -> object:
        """The only document of the text; None if it is empty."""
        self._events = _events(text)
        value: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Stop("a second document begins here", "put it into a file of its own", _at(event))
                value = self._value(next(self._events), ())
        return value

    def _value(self, event: yaml.Event, path: Path) -> object:
        assert isinstance(event, yaml.NodeEvent)
        self.values[path] = _at(event)
        self._deepen(len(path), event, path)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        outer, self._reach = self._reach, len(path)
        before = self._count
        self._grow(1, event, path)
        value = self._node(event, path)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(value, self._count - before, self._reach - len(path))
        self._reach = max(outer, self._reach)
        return value

    def _node(self, event: yaml.NodeEvent, path: Path) -> object:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            self._no_tag(event, "seq", path=path)
            return self._sequence(path)
        self._no_tag(event, "map", path=path)
        return self._mapping(path)

    def _sequence(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            values.append(self._value(event, (*path, len(values))))
        return values

    def _mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        merged: list[object] = []
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key, place = self._key(event, path), _at(event)
            at = (*path, key)
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
                merged.append(self._value(next(self._events), at))
            elif key in values:
                first = self.keys[at].line
                self._wrong(f"`{key}` stands twice; the first is on line {first}", "remove one of the two", place, at)
                self._value(next(self._events), (*path, f"{key} (again)"))
            else:
                self.keys[at] = place
                values[key] = self._value(next(self._events), at)
        for value in merged:
            self._merge(value, values, path)
        return values

    def _merge(self, value: object, into: dict[str, object], path: Path) -> None:
        """What `<<` names stands behind what the map itself says."""
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                for key, inherited in source.items():
                    into.setdefault(key, inherited)
            else:
                place = self.values[*path, "<<"]
                self._wrong("`<<` takes a map", "name an anchor of a map: <<: *defaults", place, (*path, "<<"))

    def _key(self, event: yaml.Event, path: Path) -> str:
        self._grow(1, event, path)
        if isinstance(event, yaml.AliasEvent):
            known = self._anchors.get(event.anchor or "")
            if known is not None and isinstance(known.value, str):
                return known.value
        if not isinstance(event, yaml.ScalarEvent):
            raise _Stop(
                "a key must be a word",
                "write `name: value`, or quote what begins with {, [ or *",
                _at(event),
                path,
            )
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchor(str(event.value), 1, 0)
        return str(event.value)

    def _alias(self, event: yaml.AliasEvent, path: Path) -> object:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise _Stop(
                f"`*{event.anchor}` names nothing above it",
                f"put &{event.anchor} in front of what it means",
                _at(event),
                path,
            )
        self._grow(known.count, event, path)
        self._deepen(len(path) + known.height, event, path)
        return known.value

    def _scalar(self, event: yaml.ScalarEvent, path: Path) -> object:
        self._no_tag(event, *_SCALAR_TAGS, path=path)
        plain = event.implicit[0] if event.tag is None else event.tag not in {"!", f"{_STANDARD}str"}
        text = str(event.value)
        if not plain:
            return self._substitute(text, event, path)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if INTEGER.fullmatch(text):
            return int(text, 0) if text.startswith(("0o", "0x")) else int(text)
        if FLOAT.fullmatch(text):
            return float(text)
        return self._substitute(text, event, path)

    def _substitute(self, text: str, event: yaml.ScalarEvent, path: Path) -> str:
        return _VARIABLE.sub(lambda found: self._variable(found, event, path), text) if "${" in text else text

    def _variable(self, found: re.Match[str], event: yaml.ScalarEvent, path: Path) -> str:
        name, default, place = found["name"], found["default"], _at(event)
        if found[0] == "$${":
            return "${"
        if name is None:
            fix = "write ${NAME}, or $${ for the characters themselves"
            self._wrong("`${` begins a variable, but no name follows", fix, place, path)
            self.told.add(path)
            return ""
        held = self._env.get(name)
        if default is not None and not held:
            return str(default)
        if held is None:
            where = "in the environment of `tocsin apply`, or in `variables` of a request to the API"
            fix = f"set it {where}; or write a default: ${{{name}:-…}}"
            self._wrong(f"{NO_VARIABLE} {name}", fix, place, path)
            self.told.add(path)
            return ""
        if held:
            self.substituted[held] = f"${{{name}}}"
        return held

    def _no_tag(self, event: yaml.NodeEvent, *allowed: str, path: Path) -> None:
        tag = getattr(event, "tag", None)
        if tag not in {None, "!", *(f"{_STANDARD}{name}" for name in allowed)}:
            shown = str(tag).replace(_STANDARD, "!!")
            self._wrong(f"the tag {shown} is not understood", "remove it", _at(event), path)
            self.told.add(path)

    def _deepen(self, depth: int, event: yaml.Event, path: Path) -> None:
        self._reach = max(self._reach, depth)
        if depth > DEPTH_MAX:
            raise _Stop(f"this is nested more than {DEPTH_MAX} deep", "flatten it", _at(event), path[:DEPTH_MAX])

    def _grow(self, by: int, event: yaml.Event, path: Path) -> None:
        self._count += by
        if self._count > VALUES_MAX:
            raise _Stop(
                f"the file has more than {VALUES_MAX} values, counting what aliases repeat",
                "split it, or use fewer aliases",
                _at(event),
                path,
            )

    def _wrong(self, message: str, fix: str, place: Place, path: Path) -> None:
        self.problems.append(
            Problem(message=message, fix=fix, file=self._file, line=place.line, column=place.column, path=path)
        )


def _text(content: bytes | str, file: str) -> str:
    raw = content.encode(errors="replace") if isinstance(content, str) else content
    if len(raw) > BYTES_MAX:
        raise _Stop(f"the file has {len(raw)} bytes; {BYTES_MAX} are allowed", "split it into several files")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(raw.count(b"\n", 0, error.start) + 1, 1)
        raise _Stop("this is not text in UTF-8", "save the file as UTF-8", place) from None
    if file.endswith(".json") or text.lstrip().startswith("{"):
        return _SURROGATES.sub(_joined, text)
    return text


def _joined(found: re.Match[str]) -> str:
    high, low = int(found[2], 16), int(found[3], 16)
    return f"{found[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = ", ".join(part for part in (error.context, error.problem) if part)
        place = None if mark is None else Place(mark.line + 1, mark.column + 1)
        raise _Stop(f"this is not YAML: {said}", _syntax_fix(said), place) from None
    except yaml.reader.ReaderError as error:
        place = Place(text.count("\n", 0, error.position) + 1, 1)
        raise _Stop(f"this is not YAML: {error.reason}", "remove the control character", place) from None


_SYNTAX_FIXES = (
    ("cannot start any token", "indent with spaces, not tabs; put text that begins with @, ` or % in quotes"),
    ("mapping values are not allowed", "check the indentation, and put text that contains `: ` in quotes"),
    ("expected ',' or", "add the missing comma or the closing bracket"),
    ("unexpected end of stream", "close the quotes or the bracket"),
    ("expected key", "check the indentation: the keys of one map begin in the same column"),
    ("'-' indicator", "check the indentation: the entries of one list begin in the same column"),
)


def _syntax_fix(said: str) -> str:
    return next((fix for part, fix in _SYNTAX_FIXES if part in said), "check quotes and indentation here")


def _at(event: yaml.Event) -> Place:
    assert event.start_mark is not None
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)
