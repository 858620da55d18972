"""What the page about oneself shows: how one is reached, in sentences, and whether it works."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tocsin.catalog import ownership
from tocsin.catalog.form_fields import Option
from tocsin.config import queries as configuration
from tocsin.config.domain import ManagedBy, Snapshot
from tocsin.config.drafts import Thought
from tocsin.kit import clock, secrets, text
from tocsin.kit.db import Reader
from tocsin.paging import codes, devices, me_form, pushkey, queries, rehearsal, trying, ways
from tocsin.paging.codes import Proof
from tocsin.paging.devices import DeviceLine
from tocsin.paging.queries import FailingLine
from tocsin.paging.rehearsal import Tested
from tocsin.paging.standing import standing
from tocsin.people.domain import OWN, Contact, PersonDocument, TeamDocument, Urgency
from tocsin.people.rights import Actor
from tocsin.people.words import CHANNEL_WORDS, by_contact

STAMP_CHARS = 12
FREE_FORMS = ("code-", "device")  # shown also where a file manages the document
STATE_WORDS = {
    Proof.PROVEN: "proven",
    Proof.VOUCHED: "vouched for by the file",
    Proof.NOT_NEEDED: "works",
    Proof.UNPROVEN: "not proven yet",
    Proof.DEAD: "does not exist any more",
    Proof.NO_DEVICE: "no device takes push yet",
    Proof.NOT_BUILT: "not sent yet by this version",
}
GOOD = frozenset({Proof.PROVEN, Proof.VOUCHED, Proof.NOT_NEEDED})
TRY_WORDS = {
    "waiting": "A test message is on its way",
    "leased": "A test message is being sent",
    "delivered": "The last test message was delivered",
    "failed": "The last test message failed",
    "cancelled": "The last test message was not sent",
    "bundled": "The last test message was sent with others",
}
KINDS = (
    ("email", "Mail", "you@example.com"),
    ("push", "Push to your phones and browsers", ""),
    ("ntfy", "Push by ntfy", "https://ntfy.example.com/your-topic"),
    ("webhook", "Webhook", "https://hooks.example.com/pages"),
    ("inbox", "Inbox in Tocsin", ""),
    ("sms", "Text message (not sent yet)", "+4915155500101"),
    ("voice", "Call (not sent yet)", "+4915155500101"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """One way to reach somebody, and whether it works."""

    name: str
    channel: str
    word: str
    address: str
    state: str
    is_good: bool
    can_prove: bool
    can_try: bool
    code_is_out: bool
    tried: str = ""
    tried_at: datetime | None = None
    tried_why: str = ""
    is_pending: bool = False
    failing: FailingLine | None = None
    is_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One notification rule as a sentence: `At once: push by ntfy.`"""

    when: str
    how: str
    works: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One line of the form for rules: when, and by which contact."""

    number: int
    after: tuple[Option, ...]
    via: tuple[Option, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for one urgency: read, and to be changed."""

    urgency: str
    title: str
    lines: tuple[RuleLine, ...]
    rows: tuple[RuleRow, ...]
    is_written: bool  # otherwise it is: at once by every contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A form that was refused: which, where, why, and what had been typed."""

    form: str
    message: str
    field: str = ""
    typed: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Rules that are not saved yet, and what saving them would change."""

    document: PersonDocument
    meant: Thought


@dataclass(frozen=True, slots=True, kw_only=True)
class MePage:
    """Who one is here, and how one is reached."""

    email: str
    person: PersonDocument | None
    role: str
    teams: tuple[str, ...]
    file: str  # manages the person's document; empty: the forms do
    may_change: bool
    warning: str
    hint: str
    contacts: tuple[ContactCard, ...]
    rules: tuple[Rules, ...]
    shift_starts: tuple[Option, ...]
    shift_ends: tuple[Option, ...]
    shift_words: tuple[str, ...]
    devices: tuple[DeviceLine, ...]
    push_key: str
    test: Tested | None
    stamp: str  # of what holds: a form made from something older is refused
    kinds: tuple[tuple[str, str, str], ...] = KINDS
    slip: Slip | None = None
    meant: Thought | None = None  # what saving the rules in the form would change, if that was asked

    @property
    def stray(self) -> str:
        """What was refused of a form that is not shown, because a file manages it."""
        if self.slip is None or self.may_change or self.slip.form.startswith(FREE_FORMS):
            return ""
        return self.slip.message


def page(reader: Reader, who: Actor, email: str, *, slip: Slip | None = None, draft: Draft | None = None) -> MePage:
    """The page of whoever asks; the form for rules holds the draft if there is one."""
    snapshot = configuration.current(reader)
    document = snapshot.all("people", PersonDocument).get(who.person)
    current = standing(reader)
    current.know_contacts(reader, [who.person] if document else [])
    usable = current.usable(who.person)
    warning, hint = _warnings(document, usable)
    file = managing_file(reader, who.person) if document else ""
    written = draft.document if draft else document
    return MePage(
        email=email,
        person=document,
        role=who.role.value if who.role else "",
        teams=_teams(snapshot, who),
        file=file,
        may_change=document is not None and not file and ownership.may_change_oneself(who),
        warning=warning,
        hint=hint,
        contacts=_contacts(reader, who.person, document),
        rules=tuple(_rules(document, written or document, urgency, usable) for urgency in Urgency) if document else (),
        shift_starts=_spans(me_form.SHIFT_STARTS, written.notify.shifts.start, " before") if written else (),
        shift_ends=_spans(me_form.SHIFT_ENDS, written.notify.shifts.end, " before") if written else (),
        shift_words=_shift_words(document),
        devices=tuple(devices.lines(reader, who.person)) if document else (),
        push_key=pushkey.public(reader),
        test=rehearsal.last_of(reader, who.person) if document else None,
        stamp=stamp(document),
        slip=slip,
        meant=draft.meant if draft else None,
    )


def managing_file(reader: Reader, person: str) -> str:
    """The file that manages a person's document; empty if none does."""
    origin = configuration.state(reader).origins.get(("people", person))
    return origin.file if origin is not None and origin.managed_by is ManagedBy.FILE else ""


def stamp(document: PersonDocument | None) -> str:
    """Another one as soon as the rules or contacts are others."""
    if document is None:
        return ""
    return secrets.digest(" ".join((document.model_dump_json(include={"notify"}), *document.contacts)))[:STAMP_CHARS]


def _teams(snapshot: Snapshot, who: Actor) -> tuple[str, ...]:
    teams = snapshot.all("teams", TeamDocument)
    return tuple(
        f"{teams[name].name} (manages)" if name in who.managed_teams else teams[name].name
        for name in sorted(who.teams | who.managed_teams)
    )


def _warnings(document: PersonDocument | None, usable: Mapping[str, Contact]) -> tuple[str, str]:
    """What is wrong with how somebody is reached when it matters, and what to do about it."""
    if document is None:
        return "", ""
    if not usable:
        return (
            "A page of high urgency reaches you by nothing.",
            "Add a contact and prove it, or turn push on for this device: until then the next person is woken at once.",
        )
    if not any(rule.via in usable for rule in document.rules(Urgency.HIGH)):
        return (
            "None of your rules for high urgency leads to a contact that works.",
            f"So every contact that does is used at once: {', '.join(usable)}.",
        )
    if not any(ways.wakes(contact.channel) for contact in usable.values()):
        return (
            "Only the inbox inside Tocsin reaches you.",
            "It does not ring. Add mail, push or ntfy if you want to be woken.",
        )
    if not any(ways.wakes(usable[rule.via].channel) for rule in document.rules(Urgency.HIGH) if rule.via in usable):
        return (
            "Your rules for high urgency only lead to the inbox inside Tocsin.",
            "It does not ring. Name another contact in them if you want to be woken.",
        )
    return "", ""


def _contacts(reader: Reader, person: str, document: PersonDocument | None) -> tuple[ContactCard, ...]:
    if document is None:
        return ()
    proofs = {line.contact: Proof(line.state) for line in codes.contacts(reader, person)}
    out = codes.waiting(reader, person)
    failing = {one.contact: one for one in queries.failing(reader) if one.person == person}
    return tuple(
        _card(reader, person, (name, contact), proofs[name], out, failing.get(name))
        for name, contact in document.contacts.items()
    )


def _card(
    reader: Reader,
    person: str,
    named: tuple[str, Contact],
    proof: Proof,
    out: set[str],
    failing: FailingLine | None,
) -> ContactCard:
    name, contact = named
    tried = trying.last(reader, person, name)
    return ContactCard(
        name=name,
        channel=contact.channel,
        word=CHANNEL_WORDS[contact.channel],
        address=contact.address,
        state=STATE_WORDS[proof],
        is_good=proof in GOOD,
        can_prove=proof in (Proof.UNPROVEN, Proof.DEAD, Proof.VOUCHED) and contact.channel not in OWN,
        can_try=proof in GOOD,
        code_is_out=ways.address_key(contact, person) in out,
        tried=TRY_WORDS[tried.state] if tried else "",
        tried_at=clock.from_us(tried.at_us) if tried else None,
        tried_why=tried.reason if tried and tried.state in ("failed", "cancelled") else "",
        is_pending=tried is not None and tried.state in ("waiting", "leased"),
        failing=failing,
        is_full=contact.detail == "full",
    )


def _rules(document: PersonDocument, form: PersonDocument, urgency: Urgency, usable: Mapping[str, Contact]) -> Rules:
    """The rules of the document in words, and those of `form` in fields."""
    written = form.notify.high if urgency is Urgency.HIGH else form.notify.low
    rules = document.rules(urgency)
    shown = [(rule.after, rule.via) for rule in form.rules(urgency)] if written else []
    empty = [(timedelta(0), "")] * me_form.NEW_RULES
    return Rules(
        urgency=urgency.value,
        title=f"{urgency.value.capitalize()} urgency",
        lines=tuple(
            RuleLine(
                when=_delay_words(rule.after),
                how=by_contact(document.contacts[rule.via].channel, rule.via),
                works=rule.via in usable,
            )
            for rule in rules
        ),
        rows=tuple(
            RuleRow(
                number=number,
                after=tuple(
                    Option(
                        value=value,
                        title=_delay_words(text.parse_duration(value)),
                        chosen=value == text.format_duration(after),
                    )
                    for value in _offered_with(me_form.DELAYS, [after])
                ),
                via=tuple(
                    Option(value=name, title=by_contact(contact.channel, name), chosen=name == via)
                    for name, contact in document.contacts.items()
                ),
            )
            for number, (after, via) in enumerate([*shown, *empty], start=1)
        ),
        is_written=bool(written),
    )


def _spans(offered: Sequence[str], chosen_spans: Sequence[timedelta], ending: str) -> tuple[Option, ...]:
    chosen = {text.format_duration(one) for one in chosen_spans}
    return tuple(
        Option(value=value, title=_lead_words(value, ending), chosen=value in chosen)
        for value in _offered_with(offered, chosen_spans)
    )


def _offered_with(offered: Sequence[str], chosen: Sequence[timedelta]) -> list[str]:
    """What is offered, and what somebody has already although it is not."""
    return [
        *offered,
        *dict.fromkeys(text.format_duration(one) for one in chosen if text.format_duration(one) not in offered),
    ]


def _shift_words(document: PersonDocument | None) -> tuple[str, ...]:
    if document is None:
        return ()
    found = []
    for what, spans in (("begins", document.notify.shifts.start), ("ends", document.notify.shifts.end)):
        said = ", ".join([_lead_words(text.format_duration(one), " before") for one in sorted(spans, reverse=True)])
        found.append(f"When a shift {what}: {said or 'never'}.")
    return tuple(found)


def _delay_words(after: timedelta) -> str:
    return "At once" if after <= timedelta(0) else f"After {_span_words(after)}"


def _lead_words(value: str, ending: str) -> str:
    span = text.parse_duration(value)
    return "at that moment" if not span else f"{_span_words(span)}{ending}"


def _span_words(span: timedelta) -> str:
    for unit, word in ((timedelta(days=1), "day"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min")):
        if span >= unit and not span % unit:
            count = span // unit
            return text.plural(count, word) if word == "day" else f"{count} {word}"
    return text.format_duration(span)
