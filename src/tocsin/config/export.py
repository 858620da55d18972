"""A configuration as text that reads back as the same configuration.

Promises: `parse(export(x)) == x`; sections stand in their order, documents and fields in theirs, and only what an
author wrote is written again. Text that another reader of YAML might take for a number, a time or a truth is quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import yaml

from tocsin.config import secrecy, yaml12
from tocsin.config.domain import Document, Kind, Shape, Snapshot
from tocsin.config.parse import FORMAT, HEAD
from tocsin.config.yaml12 import Path

LINE_CHARS_MAX = 110
Cover = Callable[[Path], str]
# JSON may hold these raw, YAML may not, and it is by YAML that we read JSON.
_NOT_IN_YAML = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def as_yaml(snapshot: Snapshot, kinds: Sequence[Kind], *, redact: bool = False) -> str:
    """The whole configuration as one YAML file. Redacted, each secret is a variable to be set before an apply."""
    whole = as_values(snapshot, kinds, redact=redact)
    return _text_of(whole)


def hidden_yaml(snapshot: Snapshot, kinds: Sequence[Kind]) -> str:
    """The same for somebody to change: each secret is said to be hidden, and stays as it is where it is said again."""
    return _text_of(_values(snapshot, kinds, lambda _path: secrecy.HIDDEN))


def document_yaml(document: Document) -> str:
    """One document alone, its secrets hidden in the same way."""
    body = secrecy.covered(_escaped(secrecy.dump(document)), secrecy.paths(document), lambda _path, _: secrecy.HIDDEN)
    return yaml.dump(
        body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=LINE_CHARS_MAX
    )


def _text_of(whole: dict[str, Any]) -> str:
    return "\n".join(_section(name, value) for name, value in whole.items())


def as_json(snapshot: Snapshot, kinds: Sequence[Kind], *, redact: bool = False) -> str:
    """The same as JSON."""
    written = json.dumps(as_values(snapshot, kinds, redact=redact), indent=2, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n"


def as_values(snapshot: Snapshot, kinds: Sequence[Kind], *, redact: bool = False) -> dict[str, Any]:
    """The same as plain values."""
    return _values(snapshot, kinds, _Redaction().variable if redact else None)


def _values(snapshot: Snapshot, kinds: Sequence[Kind], cover: Cover | None) -> dict[str, Any]:
    whole: dict[str, Any] = {HEAD: FORMAT}
    for kind in sorted(kinds, key=lambda kind: kind.order):
        documents = snapshot.sections.get(kind.section, {})
        written = {name: _written(kind, name, document, cover) for name, document in documents.items()}
        if not written:
            continue
        if kind.shape is Shape.MAP:
            whole[kind.section] = written
        else:
            values = list(written.values())
            whole[kind.section] = values if kind.shape is Shape.LIST else values[0]
    return whole


class _Redaction:
    """Names a variable for each secret, never the same one twice."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def variable(self, path: Path) -> str:
        """`${INTEGRATIONS_CHECKOUT_EVENTS_KEY}`"""
        name = re.sub(r"\W", "_", "_".join(str(part) for part in path)).upper()
        while name in self._names:
            name += "_"
        self._names.add(name)
        return f"${{{name}}}"


def _written(kind: Kind, name: str, document: Document, cover: Cover | None) -> object:
    body = _escaped(secrecy.dump(document))
    if cover is not None:
        start = (kind.section, name)
        secrecy.covered(body, secrecy.paths(document), lambda path, _: cover((*start, *path)))
    return body


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: _escaped(held) for key, held in value.items()}
    return [_escaped(held) for held in value] if isinstance(value, list) else value


class _Dumper(yaml.SafeDumper):
    """No anchors; quotes what either generation of YAML would not take for text, but for dates."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - yaml's own way to say it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - yaml's signature
        return True


for _pattern in (yaml12.INTEGER, yaml12.FLOAT):
    _Dumper.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(rf"(?:{_pattern.pattern})$"), list("-+0123456789.")
    )


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    """Line ends that only YAML 1.1 knows are escaped, because readers disagree about them."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if _NOT_IN_YAML.search(value) else None)


_Dumper.add_representer(str, _text)


def _section(name: str, value: object) -> str:
    return yaml.dump(
        {name: value},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None if isinstance(value, list | dict) else False,
        width=LINE_CHARS_MAX,
    )
