"""Files become documents: each file is read, its sections are joined with the others', each document is parsed.

Promises: every problem of every file is told, not only the first, each with file, line, path and what to do; nothing
a variable of the environment holds, and nothing a document marks as secret, stands in any of them. Names that lead
nowhere, circles and the like are judged afterwards, in rules.py, because they need all documents at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from tocsin.config import explain, secrecy, yaml12
from tocsin.config.domain import Document, Finding, Kind, Name, Problem, Shape
from tocsin.config.yaml12 import Path, Place, Tree
from tocsin.kit import text

FORMAT = 1
HEAD = "tocsin"
ALONE = "-"  # the name under which a section of one document is kept
PRIVATE_PREFIX = "x-"  # such top-level keys are the author's own, for anchors
UNSTORABLE = "this text holds a character that no database keeps: NUL, or half of a pair"
UNSTORABLE_FIX = "remove it"
NOBODY_TOLD = "this says that it is hidden, but nothing was hidden here before"

Held = Mapping[str, Mapping[str, Document]]

NAME_FIX = "use lower-case letters, digits, `-`, `_` and `.`: payments-primary"
_NAME: TypeAdapter[str] = TypeAdapter(Name)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file as given to `apply`."""

    name: str
    content: bytes | str


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a document stands: in which tree, and under which path there."""

    file: str
    tree: Tree
    path: Path


@dataclass(slots=True, kw_only=True)
class Parsed:
    """What the files say. `attempted` holds the names whose document could not be parsed, too."""

    sections: dict[str, dict[str, Document]] = field(default_factory=dict)
    attempted: dict[str, set[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    spots: dict[tuple[str, str], _Spot] = field(default_factory=dict)
    order: dict[str, int] = field(default_factory=dict)
    masks: dict[str, str] = field(default_factory=dict)
    held: Held = field(default_factory=dict)

    def file_of(self, section: str, name: str) -> str | None:
        """The file a document stands in, if one of these files has it."""
        spot = self.spots.get((section, name))
        return spot.file if spot else None

    def placed(self, section: str, places: Mapping[str, str]) -> Parsed:
        """The same, with the documents of a list by the places they have among all others; only those that parsed."""
        spots = {key: spot for key, spot in self.spots.items() if key[0] != section}
        spots |= {(section, new): self.spots[section, name] for name, new in places.items()}
        return replace(self, spots=spots)

    def located(self, problem: Problem, *, key: bool = False) -> Problem:
        """The problem with its file and line; `problem.path` begins with section and name."""
        spot = self.spots.get((str(problem.path[0]), str(problem.path[1]))) if len(problem.path) > 1 else None
        if spot is None:
            return problem
        path = (*spot.path, *problem.path[2:])
        place = spot.tree.place(path, key=key)
        return replace(
            problem,
            file=spot.file,
            path=path,
            line=place.line if place else None,
            column=place.column if place else None,
        )

    def located_finding(self, finding: Finding) -> Finding:
        """The finding with its file and line; as it is if none of these files has its document."""
        spot = self.spots.get((finding.section, finding.name))
        if spot is None:
            return finding
        place = spot.tree.nearest((*spot.path, *finding.path))
        return replace(
            finding, file=spot.file, line=place.line if place else None, column=place.column if place else None
        )

    def sorted_problems(self, more: Iterable[Problem] = ()) -> tuple[Problem, ...]:
        """All problems by file, as given, and line, without what the environment holds."""
        found = dict.fromkeys(
            replace(problem, message=self.masked(problem.message), fix=self.masked(problem.fix))
            for problem in (*self.problems, *more)
        )
        return tuple(
            sorted(found, key=lambda one: (self.order.get(one.file, len(self.order)), one.line or 0, one.column or 0))
        )

    def masked(self, written: str) -> str:
        """Text without what the environment holds: variables' names in place of their values."""
        for held, name in self.masks.items():
            written = written.replace(held, name)
        return written


def parse(files: Sequence[File], kinds: Sequence[Kind], env: Mapping[str, str], held: Held | None = None) -> Parsed:
    """Read the files in order. Look at `problems` first: documents that have some are not in `sections`.

    A secret written as `secrecy.HIDDEN` is the one that the document `held` under this name has at the same place.
    """
    parsed = Parsed(held=held or {})
    for file in files:
        if file.name in parsed.order:
            parsed.problems.append(Problem(message="this file is given twice", fix="name it once", file=file.name))
            continue
        parsed.order[file.name] = len(parsed.order)
        _add_file(parsed, file, kinds, env)
    return parsed


def parse_one(content: str, kind: Kind, name: str, held: Held) -> Parsed:
    """Read one document that stands alone: its fields at the top, no file around it, nothing from the environment."""
    parsed = Parsed(held=held)
    tree = yaml12.read(content, "", {})
    parsed.problems += tree.problems
    if tree.value is not None or not tree.problems:
        _FileReader(parsed, "", tree).add_alone(kind, name)
    return parsed


def unstorable(body: object, path: Path = ()) -> Iterator[Path]:
    """Where texts lie that could not be written down later, on the page that says them for example."""
    if isinstance(body, str):
        if text.storable(body) != body:
            yield path
    elif isinstance(body, dict):
        for key, value in body.items():
            if isinstance(key, str) and text.storable(key) != key:
                yield (*path, key)
            yield from unstorable(value, (*path, key))
    elif isinstance(body, list):
        for place, value in enumerate(body):
            yield from unstorable(value, (*path, place))


def may_be_called(name: str) -> bool:
    """Whether a document can have this name."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


def misnamed(kind: Kind, name: str) -> str:
    """What is wrong with a name that a document of this kind cannot have."""
    return f"a {kind.noun} cannot be called {explain.shown(name)}"


def _add_file(parsed: Parsed, file: File, kinds: Sequence[Kind], env: Mapping[str, str]) -> None:
    tree = yaml12.read(file.content, file.name, env)
    parsed.problems += tree.problems
    parsed.masks |= _masks(tree)
    reader = _FileReader(parsed, file.name, tree)
    sections = reader.sections({kind.section for kind in kinds})
    for kind in kinds:
        if kind.section in sections:
            reader.add(kind, sections[kind.section])


def _masks(tree: Tree) -> dict[str, str]:
    """How each held value may look in a message, longest first."""
    forms: dict[str, str] = {}
    for held, name in tree.substituted.items():
        if len(held) >= secrecy.MASKED_CHARS_MIN:
            forms |= dict.fromkeys((held, repr(held)[1:-1], held.lower()), name)
    return dict(sorted(forms.items(), key=lambda pair: -len(pair[0])))


class _FileReader:
    """Adds one file's documents to what is parsed already."""

    def __init__(self, parsed: Parsed, file: str, tree: Tree) -> None:
        self._parsed = parsed
        self._file = file
        self._tree = tree

    def sections(self, known: set[str]) -> dict[str, object]:
        """The sections of the file that we know; the rest is told."""
        value = self._tree.value
        if value is None and self._tree.problems:
            return {}
        if not isinstance(value, dict):
            message = "the file is empty" if value is None else f"a file is a map of sections, not {self._shown(value)}"
            self._wrong((), message, "begin it with `tocsin: 1`")
            return {}
        self._check_head(value)
        for key in value:
            if key not in known and key != HEAD and not key.startswith(PRIVATE_PREFIX):
                self._wrong((key,), f"`{key}` is not a section", explain.suggest(key, known), key=True)
        return {key: held for key, held in value.items() if key in known}

    def add(self, kind: Kind, value: object) -> None:
        """Parse one section."""
        for path, name, raw in self._entries(kind, value):
            key = (kind.section, name)
            if key in self._parsed.spots:
                self._twice(kind, name, path)
                continue
            self._add(kind, name, raw, path)

    def add_alone(self, kind: Kind, name: str) -> None:
        """Parse the whole tree as one document."""
        self._add(kind, name, self._tree.value, ())

    def _add(self, kind: Kind, name: str, raw: object, path: Path) -> None:
        self._parsed.spots[kind.section, name] = _Spot(self._file, self._tree, path)
        self._parsed.attempted.setdefault(kind.section, set()).add(name)
        document = self._document(kind, name, raw, path)
        if document is not None:
            self._parsed.sections.setdefault(kind.section, {})[name] = document

    def _check_head(self, value: dict[str, object]) -> None:
        if HEAD not in value:
            self._wrong((), f"`{HEAD}: {FORMAT}` is missing", f"begin the file with `{HEAD}: {FORMAT}`")
        elif value[HEAD] != FORMAT or type(value[HEAD]) is not int:
            said = self._shown(value[HEAD])
            self._wrong((HEAD,), f"format {said} is not known to this version", f"write `{HEAD}: {FORMAT}`")

    def _entries(self, kind: Kind, value: object) -> list[tuple[Path, str, object]]:
        section = kind.section
        if value is None:
            return []
        if kind.shape is Shape.ONE:
            return [((section,), ALONE, value)]
        if kind.shape is Shape.LIST:
            if not isinstance(value, list):
                fix = f"write each {kind.noun} after `- `"
                self._wrong((section,), f"`{section}` is a list, not {self._shown(value)}", fix)
                return []
            first = len(self._parsed.attempted.get(section, ()))
            return [((section, at), f"{first + at:04}", raw) for at, raw in enumerate(value)]
        if not isinstance(value, dict):
            fix = f"write the name of each {kind.noun}, and below it what it is"
            self._wrong((section,), f"`{section}` is a map of names, not {self._shown(value)}", fix)
            return []
        return [((section, name), name, raw) for name, raw in value.items() if self._may_be_called(kind, name)]

    def _may_be_called(self, kind: Kind, name: str) -> bool:
        if not may_be_called(name):
            said = misnamed(kind, self._parsed.masked(name))
            self._wrong((kind.section, name), said, NAME_FIX, key=True)
            return False
        return True

    def _document(self, kind: Kind, name: str, raw: object, path: Path) -> Document | None:
        before = self._parsed.held.get(kind.section, {}).get(name)
        body = secrecy.kept({} if raw is None else raw, before)
        self._parsed.masks |= secrecy.masks(before)
        try:
            document = kind.model.model_validate(body)
        except ValidationError as error:
            for one in explain.explainer(kind.model).explain(error, body, self._parsed.masked):
                self._wrong((*path, *one.path), one.message, one.fix, key=one.at_key)
            return None
        for hidden in secrecy.never_told(document):
            self._wrong((*path, *hidden), NOBODY_TOLD, "write the secret itself")
        for lying in unstorable(body):
            self._wrong((*path, *lying), UNSTORABLE, UNSTORABLE_FIX)
        return document

    def _twice(self, kind: Kind, name: str, path: Path) -> None:
        first = self._parsed.spots[kind.section, name]
        place = first.tree.place(first.path, key=True)
        where = f"{first.file}:{place.line}" if place else first.file
        self._wrong(path, f"{kind.noun} `{name}` is defined already in {where}", "remove one of the two", key=True)

    def _shown(self, value: object) -> str:
        return explain.shown(self._parsed.masked(value) if isinstance(value, str) else value)

    def _wrong(self, path: Path, message: str, fix: str, *, key: bool = False) -> None:
        if path in self._tree.told:
            return  # it is told already why there is no value here
        place = self._tree.place(path, key=key) or Place(1, 1)
        self._parsed.problems.append(
            Problem(message=message, fix=fix, file=self._file, path=path, line=place.line, column=place.column)
        )
