"""The beginning of a new document in each section: what has to be there, with words to replace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic_core import PydanticUndefined

from tocsin.config.domain import Kind

SKELETONS = {
    "people": "name: Ann Lee\nemail: ann@example.com\nrole: responder\ncontacts:\n  inbox: {inbox: true}\n",
    "teams": "name: Payments\nmembers: []\n",
    "services": "name: Checkout\nteam: payments\npolicy: payments\n",
    "integrations": "service: checkout\nsource: generic\nkey: write-a-long-secret-here\n",
    "routes": "when: ['severity=\"info\"']\nurgency: low\n",
    "schedules": (
        "name: First\ntimezone: Europe/Berlin\nlayers:\n- name: weekly\n  rotation: weekly\n"
        "  handoff: Mon 09:00\n  start: 2026-01-05\n  people: [ann, bob]\n"
    ),
    "policies": (
        "name: Payments\nsteps:\n- page: [schedule:first]\n  wait: 5m\n- page: [team:payments]\n  wait: 10m\n"
        "last_resort: [person:ann]\n"
    ),
    "plans": "name: Major incident\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldHelp:
    """What can stand in a document, by its name."""

    name: str
    about: str
    needed: bool


def skeleton(section: str) -> str:
    """The beginning of a new document."""
    return SKELETONS.get(section, "name: \n")


def help_for(kind: Kind) -> tuple[FieldHelp, ...]:
    """Every field of a kind of document, what is needed first."""
    found = sorted(_fields(kind), key=lambda field: not field.needed)
    return tuple(found)


def _fields(kind: Kind) -> Iterator[FieldHelp]:
    for name, field in kind.model.model_fields.items():
        needed = field.default is PydanticUndefined and field.default_factory is None
        yield FieldHelp(name=field.serialization_alias or name, about=field.description or "", needed=needed)
