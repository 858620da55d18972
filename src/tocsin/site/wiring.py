"""Plugs the slices into the toolkit: the story into the database door, timers, pumps and the carrier into the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from tocsin import story
from tocsin.alerts import absorb, actions, auditor, retry
from tocsin.alerts import jobs as alerts_jobs
from tocsin.alerts.rulebook import compile_rulebook
from tocsin.alerts.rules import Rulebook
from tocsin.channels.domain import Address, Settings
from tocsin.channels.registry import CHANNELS
from tocsin.config import queries as configuration
from tocsin.config import registry
from tocsin.config.domain import Snapshot
from tocsin.engine import beat, bell
from tocsin.engine.domain import Chore, Pump, TimerHandler
from tocsin.engine.loop import Engine, EngineParts
from tocsin.engine.watchdog import Watchdog
from tocsin.kit import clock, db
from tocsin.kit.addresses import Guard, parse_networks
from tocsin.kit.db import Reader
from tocsin.kit.http import HttpClient, HttpSettings
from tocsin.kit.installation import installation
from tocsin.kit.mail import Mailer, parse_smtp_url
from tocsin.oncall import jobs as oncall_jobs
from tocsin.oncall import reading as oncall_reading
from tocsin.paging import jobs as paging_jobs
from tocsin.paging import stuck, unheard
from tocsin.paging.carrier import ChannelCarrier
from tocsin.paging.notices import TEAM_PREFIX
from tocsin.people.domain import Contact, PersonDocument, TeamDocument
from tocsin.site import foreseeing
from tocsin.site.kinds import KINDS

ABSORB_POLL_S = 0.5
EXPIRE_EVERY_S = 1.0
READ_CALENDARS_EVERY_S = 5.0

HANDLERS: dict[str, TimerHandler] = {**alerts_jobs.HANDLERS, **oncall_jobs.HANDLERS, **paging_jobs.HANDLERS}


def plug_in() -> None:
    """Once per process, after Django is set up."""
    registry.use(KINDS)
    registry.foresee_with(foreseeing.consequences)
    db.settle_with(story.settle)


def rulebook(reader: Reader) -> Rulebook:
    """The alert rules of the configuration in force."""
    return compile_rulebook(configuration.current(reader))


def absorb_some() -> int:
    """Absorb a piece of what was accepted."""
    return absorb.absorb_some(rulebook, clock.now())


def live(owner: str, started_at: datetime) -> None:
    """An engine's sign of life; what was not lived through counts against no alert."""
    beat.beat(owner, started_at, actions.put_off_expiries)


def carrier() -> ChannelCarrier:
    """The carrier with this installation's clients."""
    held = installation()
    http = HttpClient(HttpSettings(guard=Guard(allow=parse_networks(held.outbound_allow)), proxy=held.outbound_proxy))
    mailer = Mailer(parse_smtp_url(held.smtp_url) if held.smtp_url else None, held.sender)
    secrets = {"webhook": held.webhook_secret} if held.webhook_secret else {}
    settings = Settings(base_url=held.base_url, sender=held.sender, instance=held.instance, secrets=secrets)
    return ChannelCarrier(http, mailer, settings, contact_options, configuration.current)


def contact_options(address: Address) -> Mapping[str, str] | None:
    """The options of the contact an address belongs to, by the configuration last seen in this process; None if gone.

    An address without a person is nobody's contact, like that of a letter.
    """
    person, snapshot = address.options.get("person", ""), configuration.last_seen()
    if not person or snapshot is None:
        return {}
    contact = _contact(snapshot, person, address.options.get("contact", ""))
    if contact is None or contact.channel != address.channel:
        return None
    leads_there = CHANNELS[contact.channel].per_device or (contact.address or person) == address.target
    return contact.options if leads_there else None


def _contact(snapshot: Snapshot, person: str, name: str) -> Contact | None:
    if person.startswith(TEAM_PREFIX):
        team = snapshot.all("teams", TeamDocument).get(person.removeprefix(TEAM_PREFIX))
        return team.channel if team is not None else None
    document = snapshot.all("people", PersonDocument).get(person)
    return document.contacts.get(name) if document is not None else None


def engine_parts() -> EngineParts:
    """Everything the engine does, but for the chores of one engine."""
    return EngineParts(
        handlers=HANDLERS,
        pumps=(
            Pump(
                name="absorb",
                bell=bell.SIGNALS,
                run=absorb_some,
                every_s=ABSORB_POLL_S,
                full=absorb.SIGNALS_PER_TX_MAX // 2,
            ),
            Pump(name="calendars", bell="calendars", run=oncall_reading.read_one, every_s=READ_CALENDARS_EVERY_S),
            Pump(name="expire", bell="expire", run=absorb.expire_some, every_s=EXPIRE_EVERY_S),
        ),
        chores=(),
        carrier=carrier(),
        on_settled=paging_jobs.on_settled,
    )


def further_troubles(reader: Reader) -> list[str]:
    """What keeps the outside watchdog from being called, besides how the engine stands."""
    return [*auditor.troubles(reader), *unheard.troubles(reader)]


def engine() -> Engine:
    """An engine for this process, not started yet."""
    owner = beat.owner_name()
    started_at = clock.now()
    retrying = retry.Retry(rulebook)
    watchdog = Watchdog(installation().watchdog_url, further_troubles)
    chores = (
        Chore(name="beat", every_s=beat.BEAT_EVERY_S, run=lambda: live(owner, started_at)),
        Chore(name="audit", every_s=auditor.AUDIT_EVERY_S, run=auditor.audit),
        Chore(name="stuck", every_s=stuck.LOOK_EVERY_S, run=stuck.mend),
        Chore(name="unheard", every_s=unheard.LOOK_EVERY_S, run=unheard.try_again),
        Chore(name="retry", every_s=retry.RETRY_EVERY_S, run=lambda: retrying.run(clock.now())),
        Chore(name="retention", every_s=auditor.RETENTION_EVERY_S, run=auditor.forget_old),
        Chore(name="watchdog", every_s=installation().watchdog_every_s, run=watchdog.call),
    )
    return Engine(owner, replace(engine_parts(), chores=chores))
