"""Reading what the administrators' pages show: people with their accounts, teams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.config.domain import ManagedBy, State
from tocsin.kit import clock
from tocsin.kit.db import Reader
from tocsin.paging.standing import Standing
from tocsin.paging.ways import Reach
from tocsin.people import signing
from tocsin.people.domain import LinkPurpose, PersonDocument, TeamDocument

PEOPLE_SHOWN_MAX = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account, as an administrator sees it."""

    id: int
    email: str
    person: str
    role: str  # counts only without a person
    active: bool
    has_password: bool
    last_sign_in: datetime | None
    factors: int
    sessions: int
    tokens: int
    invited_until: datetime | None

    @property
    def standing(self) -> str:
        """In one word."""
        if not self.active:
            return "closed"
        if self.invited_until is not None:
            return "invited"
        return "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One person of the configuration."""

    name: str
    title: str
    email: str
    role: str
    teams: tuple[str, ...]
    reach: Reach
    file: str  # which manages the document, or empty
    account: Account | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    """One team."""

    name: str
    title: str
    description: str
    members: tuple[str, ...]
    managers: tuple[str, ...]
    file: str


def accounts(reader: Reader, user_id: int | None = None) -> list[Account]:
    """All accounts, or one, by address."""
    now = clock.to_us(reader.now)
    one = "AND people_user.id = %s" if user_id is not None else ""
    rows = reader.rows(
        "SELECT people_user.id, email, person, role, is_active, password, last_login,"
        " (SELECT count(*) FROM mfa_authenticator f WHERE f.user_id = people_user.id AND f.type <> 'recovery_codes'),"
        " (SELECT count(*) FROM usersessions_usersession s WHERE s.user_id = people_user.id),"
        " (SELECT count(*) FROM people_token t WHERE t.user_id = people_user.id AND t.revoked_at IS NULL"
        "   AND (t.expires_at IS NULL OR t.expires_at > %s)),"
        " (SELECT max(l.expires_at) FROM people_link l WHERE l.user_id = people_user.id AND l.purpose = %s"
        "   AND l.used_at IS NULL AND l.ended_at IS NULL AND l.expires_at > %s)"
        f" FROM people_user WHERE true {one} ORDER BY email LIMIT %s",
        (
            now,
            LinkPurpose.INVITATION.value,
            now,
            *([user_id] if user_id is not None else []),
            PEOPLE_SHOWN_MAX,
        ),
    )
    return [
        Account(
            id=row[0],
            email=row[1],
            person=row[2],
            role=row[3],
            active=bool(row[4]),
            has_password=not str(row[5]).startswith("!"),
            last_sign_in=clock.from_us_or_none(row[6]),
            factors=row[7],
            sessions=row[8],
            tokens=row[9],
            invited_until=clock.from_us_or_none(row[10]),
        )
        for row in rows
    ]


def people(reader: Reader, state: State, held: Sequence[Account], find: str = "") -> list[PersonLine]:
    """The people of the configuration by name; those with `find` in name, address, role or team."""
    here = contacts(reader, state, state.snapshot.all("people", PersonDocument))
    teams = state.snapshot.all("teams", TeamDocument)
    by_person = {account.person: account for account in held if account.person}
    lines = [
        PersonLine(
            name=name,
            title=document.name,
            email=document.email,
            role=document.role.value,
            teams=tuple(team.name for team in teams.values() if name in team.members or name in team.managers),
            reach=here.reach(name, reader.now),
            file=file_of(state, "people", name),
            account=by_person.get(name),
        )
        for name, document in state.snapshot.all("people", PersonDocument).items()
    ]
    wanted = find.strip().lower()
    found = [one for one in lines if wanted in " ".join((one.name, one.title, one.email, one.role, *one.teams)).lower()]
    return sorted(found, key=lambda one: one.title.lower())[:PEOPLE_SHOWN_MAX]


def lone_accounts(state: State, held: Sequence[Account]) -> list[Account]:
    """Accounts that belong to nobody in the configuration."""
    known = state.snapshot.all("people", PersonDocument)
    return [account for account in held if account.person not in known]


def teams(state: State) -> list[TeamLine]:
    """The teams by name."""
    people_ = state.snapshot.all("people", PersonDocument)

    def titles(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(people_[name].name for name in names if name in people_)

    lines = [
        TeamLine(
            name=name,
            title=team.name,
            description=team.description,
            members=titles(team.members),
            managers=titles(team.managers),
            file=file_of(state, "teams", name),
        )
        for name, team in state.snapshot.all("teams", TeamDocument).items()
    ]
    return sorted(lines, key=lambda one: one.title.lower())


def contacts(reader: Reader, state: State, persons: Iterable[str]) -> Standing:
    """What paging knows of these people's contacts: whether a page wakes them is asked of it."""
    here = Standing(state.snapshot)
    here.know_contacts(reader, persons)
    return here


def file_of(state: State, section: str, name: str) -> str:
    """The file that manages a document; empty if none does."""
    origin = state.origins.get((section, name))
    return origin.file or "a file" if origin is not None and origin.managed_by is ManagedBy.FILE else ""


def open_links(reader: Reader, user_id: int) -> list[tuple[str, str]]:
    """Purpose and address of each link the account could still use: for an installation that sends no mail."""
    rows = reader.rows(
        "SELECT id, purpose FROM people_link WHERE user_id = %s AND used_at IS NULL AND ended_at IS NULL"
        " AND expires_at > %s ORDER BY id DESC LIMIT 5",
        (user_id, clock.to_us(reader.now)),
    )
    return [(purpose, signing.url_of(reader, link_id)) for link_id, purpose in rows]


def letter_trouble(reader: Reader, email: str) -> str:
    """Why the newest letter to this address has not arrived; empty if it has, or is on its way for the first time."""
    row = reader.row(
        "SELECT state, attempts, reason FROM engine_delivery WHERE address_key = %s AND subject LIKE 'letter:%%'"
        " ORDER BY id DESC LIMIT 1",
        (f"email:{email}",),
    )
    if row is None:
        return ""
    state, attempts, reason = row
    stuck = state in ("waiting", "leased") and attempts > 0
    return str(reason or "it was given up") if stuck or state == "failed" else ""
