"""The fields of a schedule's form, layer by layer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tocsin.catalog import form_fields
from tocsin.catalog.form_fields import FormField, Option, Verdict
from tocsin.oncall import schedule_form
from tocsin.oncall.domain import NOBODY
from tocsin.oncall.grammar import WEEKDAYS
from tocsin.oncall.schedule_form import Draft, Layer

NOBODY_WORDS = "Nobody, on purpose"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One place in the order of a layer's people."""

    name: str
    label: str
    place: int
    options: tuple[Option, ...]
    filled: bool
    first: bool
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPart:
    """One layer of the form."""

    index: int
    number: int
    title: str
    was: str
    slots: int
    turn: tuple[FormField, ...]
    people: tuple[Slot, ...]
    people_wrong: tuple[str, ...]
    limits: tuple[FormField, ...]
    limited: bool
    special: tuple[str, ...]
    first: bool
    last: bool


def part(
    index: int,
    layer: Layer,
    known: Sequence[Mapping[str, Any]],
    layers: Sequence[Layer],
    names: Mapping[str, str],
    verdict: Verdict,
) -> LayerPart:
    """The fields of one layer, with what is wrong at each."""
    at = f"l{index}-"
    before = known[layer.was] if layer.was is not None and layer.was < len(known) else {}
    special = schedule_form.special(before) if before else ()
    fixed = any(words.startswith("it hands over") for words in special)
    limits = _limits(at, layer)
    wrong_limits = any(field.name in verdict.at for field in limits)
    return LayerPart(
        index=index,
        number=index + 1,
        title=layer.name,
        was="" if layer.was is None else str(layer.was),
        slots=layer.slots,
        turn=form_fields.with_problems(_turn(at, layer, fixed=fixed), verdict),
        people=_slots(at, layer, names),
        people_wrong=verdict.at.get(f"{at}people", ()),
        limits=form_fields.with_problems(limits, verdict),
        limited=wrong_limits or bool(layer.between or layer.weekdays or layer.zone or layer.from_ or layer.until),
        special=special,
        first=index == 0,
        last=index == len(layers) - 1,
    )


def effective(draft: Draft) -> FormField:
    """From when a change holds."""
    hint = "Empty: at once. With a day, who is on call until then stays as it is."
    return FormField(name="effective", label="The change holds from", value=draft.effective, kind="date", hint=hint)


def is_day(written: str) -> bool:
    """Whether it is a date."""
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return len(written) == len("2026-04-01")


def _turn(at: str, layer: Layer, *, fixed: bool) -> tuple[FormField, ...]:
    name = FormField(name=f"{at}name", label="Layer’s name", value=layer.name, required=True, placeholder="weekly")
    start = FormField(name=f"{at}start", label="Begins on", value=layer.start, kind="date", required=True)
    at_once = FormField(name=f"{at}at_once", label="People at once", value=layer.at_once, kind="number")
    if fixed:
        return (name, start, at_once)
    days = {day: day for day in WEEKDAYS}
    handoff: tuple[FormField, ...] = ()
    if layer.rotation == "weekly":
        handoff = (form_fields.select(f"{at}weekday", "Hands over on", days, layer.weekday),)
    elif layer.rotation == "monthly":
        handoff = (FormField(name=f"{at}day", label="Hands over on day", value=layer.day, kind="number"),)
    return (
        name,
        form_fields.select(f"{at}rotation", "Turns are counted in", schedule_form.ROTATIONS, layer.rotation),
        FormField(name=f"{at}every", label="Each turn lasts so many", value=layer.every, kind="number"),
        *handoff,
        FormField(name=f"{at}time", label="Hands over at", value=layer.time, kind="time", required=True),
        start,
        at_once,
    )


def _limits(at: str, layer: Layer) -> tuple[FormField, ...]:
    days = {day: day for day in WEEKDAYS}
    shadow = {"1": "Its people are told, but have no duty (shadow)"}
    return (
        FormField(
            name=f"{at}between",
            label="Only at these times",
            value=layer.between,
            placeholder="08:00-20:00",
            hint="22:00-06:00 goes over midnight, Fri 17:00-Mon 09:00 over days. Commas separate several.",
        ),
        form_fields.ticks(f"{at}weekdays", "Only on these days", days, layer.weekdays),
        FormField(name=f"{at}from", label="In force from", value=layer.from_, kind="date"),
        FormField(name=f"{at}until", label="In force up to", value=layer.until, kind="date"),
        FormField(name=f"{at}timezone", label="A time zone of its own", value=layer.zone, placeholder="Asia/Singapore"),
        form_fields.ticks(f"{at}shadow", "Shadow", shadow, ["1"] if layer.shadow else []),
    )


def _slots(at: str, layer: Layer, names: Mapping[str, str]) -> tuple[Slot, ...]:
    known = sorted(names, key=lambda one: names[one].casefold())
    places = [*layer.people, *[""] * layer.slots]
    return tuple(
        Slot(
            name=f"{at}p{place}",
            label=f"Person {place + 1}",
            place=place,
            options=(
                *(Option(value=one, title=names[one], chosen=one == person) for one in known),
                Option(value=NOBODY, title=NOBODY_WORDS, chosen=person == NOBODY),
            ),
            filled=bool(person),
            first=place == 0,
            last=place == len(layer.people) - 1,
        )
        for place, person in enumerate(places)
    )
