"""Searches that people keep: a name and the query string of the list's address. Everybody sees only their own."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kit import text
from tocsin.kit.db import Reader, Tx

SEARCHES_MAX = 30  # of one account
NAME_CHARS_MAX = 60
QUERY_CHARS_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One search that somebody keeps."""

    id: int
    name: str
    query: str


def of_user(reader: Reader, user_id: int) -> tuple[Search, ...]:
    """The searches of an account, by name."""
    rows = reader.rows(
        "SELECT id, name, query FROM alerts_saved_search WHERE user_id = %s ORDER BY lower(name), id LIMIT %s",
        (user_id, SEARCHES_MAX),
    )
    return tuple(Search(id=row[0], name=row[1], query=row[2]) for row in rows)


def keep(tx: Tx, user_id: int, name: str, query: str) -> bool:
    """Keep a search; one of the same name is replaced. False if there are too many already."""
    shown = text.cut(name.strip(), NAME_CHARS_MAX)
    tx.execute("DELETE FROM alerts_saved_search WHERE user_id = %s AND name = %s", (user_id, shown))
    if int(tx.value("SELECT count(*) FROM alerts_saved_search WHERE user_id = %s", (user_id,))) >= SEARCHES_MAX:
        return False
    tx.execute("INSERT INTO alerts_saved_search (user_id, name, query) VALUES (%s, %s, %s)", (user_id, shown, query))
    return True


def drop(tx: Tx, user_id: int, search_id: int) -> None:
    """Keep it no longer; what is not theirs stays."""
    tx.execute("DELETE FROM alerts_saved_search WHERE id = %s AND user_id = %s", (search_id, user_id))
