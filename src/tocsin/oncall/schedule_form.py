"""The form of a schedule: what was typed, layers that come, go and move without a script, and the document it means. Pure.

A layer is read into the body it was before, so what the form cannot say (several hand-overs in one turn, dates, an
instant from which it holds) stays as it was, and so does a layer that was left as it was shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tocsin.catalog import form_fields
from tocsin.catalog.form_fields import Typed
from tocsin.config.domain import Problem
from tocsin.oncall import grammar
from tocsin.oncall.domain import LAYERS_MAX, PEOPLE_MAX
from tocsin.oncall.grammar import WEEKDAYS, Rotation

SLOTS_MAX = 20  # empty places on the form at once; what is chosen is bounded by the document
ROTATIONS = {"hourly": "Hours", "daily": "Days", "weekly": "Weeks", "monthly": "Months"}
TIME_DEFAULT, MIDNIGHT = "09:00", "00:00"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOVE = re.compile(r"(layer|person)-(up|down|remove|more):(\d{1,3})(?::(\d{1,3}))?")
ADD_LAYER = "layer-add"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What stands in the form of one layer. `was` is the layer of the document it comes from, None for a new one."""

    was: int | None = None
    name: str = ""
    rotation: str = Rotation.WEEKLY.value
    every: str = "1"
    weekday: str = WEEKDAYS[0]
    day: str = "1"
    time: str = TIME_DEFAULT
    start: str = ""
    people: tuple[str, ...] = ()
    slots: int = 1  # empty places to choose somebody more
    at_once: str = "1"
    between: str = ""
    weekdays: tuple[str, ...] = ()
    zone: str = ""
    from_: str = ""
    until: str = ""
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What stands in the whole form."""

    title: str = ""
    description: str = ""
    zone: str = "UTC"
    team: str = ""
    effective: str = ""  # the day from which a change holds; empty: at once
    layers: tuple[Layer, ...] = ()


def of_document(body: Mapping[str, Any]) -> Draft:
    """What the form shows of a document as it is."""
    return Draft(
        title=body.get("name", ""),
        description=body.get("description", ""),
        zone=body.get("timezone", "UTC"),
        team=body.get("team") or "",
        layers=tuple(_of_layer(index, layer) for index, layer in enumerate(body.get("layers", ()))),
    )


def read(form: Typed) -> Draft:
    """What was typed."""
    count = min(form_fields.number(form, "layers") or 0, LAYERS_MAX)
    return Draft(
        title=form_fields.typed(form, "title"),
        description=form_fields.typed(form, "description"),
        zone=form_fields.typed(form, "zone"),
        team=form_fields.typed(form, "team"),
        effective=form_fields.typed(form, "effective"),
        layers=tuple(_read_layer(form, f"l{index}-") for index in range(count)),
    )


def moved(draft: Draft, do: str, *, today: str) -> Draft | None:
    """The form after one of its small buttons was pressed; None if that is none of them."""
    if do == ADD_LAYER:
        fresh = Layer(
            name=_free_name(draft.layers), start=today, time=draft.layers[-1].time if draft.layers else TIME_DEFAULT
        )
        return replace(draft, layers=(*draft.layers, fresh)[:LAYERS_MAX])
    match = _MOVE.fullmatch(do)
    if match is None:
        return None
    what, how, at, place = match[1], match[2], int(match[3]), match[4]
    if at >= len(draft.layers):
        return draft
    if what == "layer":
        return replace(draft, layers=_shifted(draft.layers, how, at))
    layer = draft.layers[at]
    if how == "more":
        layer = replace(layer, slots=min(layer.slots + 1, SLOTS_MAX))
    elif place is not None and int(place) < len(layer.people):
        layer = replace(layer, people=_shifted(layer.people, how, int(place)))
    return replace(draft, layers=(*draft.layers[:at], layer, *draft.layers[at + 1 :]))


def body(draft: Draft, before: Mapping[str, Any]) -> dict[str, Any]:
    """The document that was typed; what the form does not know or was left as it was shown stays as it was."""
    made = dict(before)
    shown = of_document(before)
    if not form_fields.is_as_shown(shown.title, draft.title):
        form_fields.put(made, "name", draft.title)
    if not form_fields.is_as_shown(shown.description, draft.description, lines=True):
        form_fields.put(made, "description", draft.description)
    if draft.team != shown.team:
        form_fields.put(made, "team", draft.team)
    made["timezone"] = draft.zone
    if "ical" in before:
        return made
    known: Sequence[Mapping[str, Any]] = before.get("layers", ())
    layers = [_layer_body(layer, known) for layer in draft.layers]
    made["layers"] = later(known, layers, draft.effective) if draft.effective and known else layers
    return made


def later(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]], day: str) -> list[dict[str, Any]]:
    """Both, one up to a day and the other from it on: who is on call until then stays as it was."""
    if list(before) == list(after):
        return [dict(layer) for layer in after]
    old = [_ended(layer, day) for layer in before if _from(layer) < day]
    taken = {str(layer["name"]) for layer in old}
    fresh = []
    for layer in after:
        begun = {**layer, "from": max(_from(layer), day)}
        if str(begun.get("until") or "9999") > day:
            begun["name"] = _other_name(str(layer.get("name", "")), taken, day)
            taken.add(begun["name"])
            fresh.append(begun)
    return old + fresh


def special(layer: Mapping[str, Any]) -> tuple[str, ...]:
    """What the form cannot say of a layer, in words."""
    found = []
    if _is_special_handoff(layer):
        written = layer.get("handoffs") or (layer.get("handoff"),)
        found.append(f"it hands over {', '.join(str(one) for one in written)}")
    if layer.get("dates"):
        found.append(f"it applies only on {', '.join(layer['dates'])}")
    for key, word in (("from", "from"), ("until", "until")):
        if layer.get(key) and not _DATE.fullmatch(str(layer[key])):
            found.append(f"it holds {word} {layer[key]}")
    return tuple(found)


def field_of(problem: Problem) -> str | None:
    """The field that shows a problem of the document; None for above them all."""
    path = problem.path[2:]
    if problem.code == form_fields.OPENS_GAP or not path:
        return None
    if path[0] != "layers":
        return {"name": "title", "timezone": "zone"}.get(str(path[0]), str(path[0]))
    if len(path) < 2 or not isinstance(path[1], int):
        return None
    field = str(path[2]) if len(path) > 2 else "name"
    field = {"handoff": "time", "handoffs": "time"}.get(field, field)
    return f"l{path[1]}-{field}"


def _of_layer(index: int, layer: Mapping[str, Any]) -> Layer:
    rotation = Rotation(layer["rotation"])
    words = str(layer.get("handoff") or MIDNIGHT).split()
    plain = not _is_special_handoff(layer)
    return Layer(
        was=index,
        name=layer["name"],
        rotation=rotation.value,
        every=str(layer.get("every", 1)),
        weekday=WEEKDAYS[grammar.weekday(words[0])] if plain and rotation is Rotation.WEEKLY else WEEKDAYS[0],
        day=words[0] if plain and rotation is Rotation.MONTHLY else "1",
        time=words[-1].zfill(5) if plain else TIME_DEFAULT,
        start=str(layer["start"]),
        people=tuple(layer["people"]),
        at_once=str(layer.get("at_once", 1)),
        between=", ".join(layer.get("between", ())),
        weekdays=_ticked(layer.get("weekdays", ())),
        zone=layer.get("timezone") or "",
        from_=_day(layer.get("from")),
        until=_day(layer.get("until")),
        shadow=bool(layer.get("shadow", False)),
    )


def _read_layer(form: Typed, at: str) -> Layer:
    text = {
        name: form_fields.typed(form, f"{at}{name}") for name in ("name", "rotation", "every", "weekday", "day", "time")
    }
    more = {name: form_fields.typed(form, f"{at}{name}") for name in ("start", "at_once", "between", "until")}
    people = [form_fields.typed(form, f"{at}p{place}") for place in range(PEOPLE_MAX) if form.get(f"{at}p{place}", "")]
    return Layer(
        was=form_fields.number(form, f"{at}was"),
        **text,
        **more,
        people=tuple(people),
        slots=max(1, min(form_fields.number(form, f"{at}slots") or 1, SLOTS_MAX)),
        weekdays=tuple(day for day in form.getlist(f"{at}weekdays") if day in WEEKDAYS),
        zone=form_fields.typed(form, f"{at}timezone"),
        from_=form_fields.typed(form, f"{at}from"),
        shadow=bool(form_fields.typed(form, f"{at}shadow")),
    )


def _layer_body(layer: Layer, known: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    made = dict(known[layer.was]) if layer.was is not None and layer.was < len(known) else {}
    if made and _as_sent(layer, made) == _as_sent(_of_layer(layer.was or 0, made), made):
        return made
    fixed = special(made) if made else ()
    if not made or not _is_special_handoff(made):
        made["rotation"] = layer.rotation
        if not _same_handoff(made.get("handoff"), layer):
            made["handoff"] = _handoff(layer)
        form_fields.put(made, "every", form_fields.whole(layer.every) if layer.every != "1" else "")
    made.update(name=layer.name, start=layer.start, people=list(layer.people))
    form_fields.put(made, "at_once", form_fields.whole(layer.at_once) if layer.at_once != "1" else "")
    form_fields.put(made, "between", [one.strip() for one in re.split(r"[,\n]", layer.between) if one.strip()])
    if _ticked(made.get("weekdays", ())) != layer.weekdays:
        form_fields.put(made, "weekdays", list(layer.weekdays) if len(layer.weekdays) < len(WEEKDAYS) else [])
    form_fields.put(made, "timezone", layer.zone)
    for key, typed in (("from", layer.from_), ("until", layer.until)):
        if not any(words.startswith(f"it holds {key}") for words in fixed):
            form_fields.put(made, key, typed)
    form_fields.put(made, "shadow", layer.shadow or "")
    return made


def _as_sent(layer: Layer, before: Mapping[str, Any]) -> Layer:
    """The layer without what its form does not show, or shows in one way only."""
    if _is_special_handoff(before):
        layer = replace(layer, rotation="", every="", time="")
    weekday = layer.weekday if layer.rotation == Rotation.WEEKLY else ""
    day = layer.day if layer.rotation == Rotation.MONTHLY else ""
    return replace(layer, weekday=weekday, day=day, slots=1, name=layer.name.strip(), between=layer.between.strip())


def _handoff(layer: Layer) -> str:
    front = {Rotation.WEEKLY.value: f"{layer.weekday} ", Rotation.MONTHLY.value: f"{layer.day} "}
    return f"{front.get(layer.rotation, '')}{layer.time}"


def _same_handoff(written: object, layer: Layer) -> bool:
    """Whether the document says it already, perhaps in other words: `9:00`, or nothing for an hourly turn's midnight."""
    if written is None:
        return layer.rotation == Rotation.HOURLY and layer.time == MIDNIGHT
    try:
        rotation = Rotation(layer.rotation)
        return grammar.handoff(str(written), rotation) == grammar.handoff(_handoff(layer), rotation)
    except ValueError:
        return False


def _is_special_handoff(layer: Mapping[str, Any]) -> bool:
    """Several in one turn, or counted within it: `2 Mon 09:00`."""
    if layer.get("handoffs"):
        return True
    words = str(layer.get("handoff") or "").split()
    return bool(words) and len(words) != len(grammar.EXAMPLES[Rotation(layer["rotation"])].split())


def _ticked(written: Sequence[str]) -> tuple[str, ...]:
    on = {day for words in written for day in grammar.weekdays(words)}
    return tuple(day for index, day in enumerate(WEEKDAYS) if index in on)


def _day(written: object) -> str:
    text = str(written or "")
    return text if _DATE.fullmatch(text) else ""


def _shifted(held: tuple[Any, ...], how: str, at: int) -> tuple[Any, ...]:
    listed = list(held)
    one = listed.pop(at)
    if how != "remove":
        listed.insert(max(0, at - 1) if how == "up" else at + 1, one)
    return tuple(listed)


def _free_name(layers: Sequence[Layer]) -> str:
    taken = {layer.name for layer in layers}
    return next(name for number in range(1, LAYERS_MAX + 2) if (name := f"layer {number}") not in taken)


def _from(layer: Mapping[str, Any]) -> str:
    return str(layer.get("from") or "")


def _ended(layer: Mapping[str, Any], day: str) -> dict[str, Any]:
    until = str(layer.get("until") or "")
    return dict(layer) if until and until <= day else {**layer, "until": day}


def _other_name(name: str, taken: set[str], day: str) -> str:
    return name if name not in taken else f"{name} from {day}"[:100]
