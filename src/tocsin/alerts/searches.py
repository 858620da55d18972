"""Searches that people keep: a name and the query string of the list's address. Everybody sees only their own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from tocsin.kit import text
from tocsin.kit.db import Reader, Tx

SEARCHES_MAX = 30  # of one account
NAME_CHARS_MAX = 60
QUERY_CHARS_MAX = 1000
VALUE_CHARS_MAX = 200
ASKED = ("q", "status", "urgency", "service", "team", "person", "from", "to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search that somebody keeps."""

    id: int
    name: str
    query: str


def cleaned(query: str) -> str:
    """The query string with what the list can be asked for, and nothing else; empty if that is nothing."""
    pairs = parse_qsl(query[:QUERY_CHARS_MAX])
    return urlencode({key: value[:VALUE_CHARS_MAX] for key, value in pairs if key in ASKED})


def shown(name: str) -> str:
    """A name as it is kept."""
    return text.cut(name.strip(), NAME_CHARS_MAX)


def of_user(reader: Reader, user_id: int) -> tuple[Search, ...]:
    """The searches of an account, by name."""
    rows = reader.rows(
        "SELECT id, name, query FROM alerts_saved_search WHERE user_id = %s ORDER BY lower(name), id LIMIT %s",
        (user_id, SEARCHES_MAX),
    )
    return tuple(Search(id=row[0], name=row[1], query=row[2]) for row in rows)


def keep(tx: Tx, user_id: int, name: str, query: str) -> bool:
    """Keep a search; one of the same name is replaced. False if there are too many already."""
    kept = shown(name)
    tx.execute("DELETE FROM alerts_saved_search WHERE user_id = %s AND name = %s", (user_id, kept))
    if int(tx.value("SELECT count(*) FROM alerts_saved_search WHERE user_id = %s", (user_id,))) >= SEARCHES_MAX:
        return False
    tx.execute("INSERT INTO alerts_saved_search (user_id, name, query) VALUES (%s, %s, %s)", (user_id, kept, query))
    return True


def drop(tx: Tx, user_id: int, search_id: int) -> bool:
    """Keep it no longer; what is not theirs stays, and False says so."""
    return tx.execute("DELETE FROM alerts_saved_search WHERE id = %s AND user_id = %s", (search_id, user_id)) == 1
