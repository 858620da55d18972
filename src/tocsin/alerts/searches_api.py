"""The JSON door to searches that people keep. Everybody sees and drops only their own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from django.http import HttpRequest
from ninja import Field, Router, Schema, Status

from tocsin.alerts import searches
from tocsin.alerts.searches import Search
from tocsin.kit import clock, db
from tocsin.people.api import permit, writing
from tocsin.people.rights import Right
from tocsin.web.asking import Asking
from tocsin.web.problems import Problem, not_found, wrong

router = Router(tags=["groups"])


class SearchIn(Asking):
    """A search to be kept: the query string of the list's address, as in `status=open&team=shop`."""

    name: str = Field(min_length=1, max_length=searches.NAME_CHARS_MAX)
    query: str = Field(min_length=1, max_length=searches.QUERY_CHARS_MAX)


class SearchOut(Schema):
    """A search that is kept; `asked` is its query taken apart."""

    id: int
    name: str
    query: str
    asked: dict[str, str]


@router.get("", response=dict[str, list[SearchOut]])
def kept(request: HttpRequest) -> Any:
    """The searches whoever asks keeps, by name."""
    who = permit(request, Right.SEE)
    return {"searches": [_out(one) for one in searches.of_user(db.reader(clock.now()), who.user_id)]}


@router.post("", response={201: SearchOut})
def keep(request: HttpRequest, body: SearchIn) -> Any:
    """Keep a search, for oneself; one of the same name is replaced."""
    who = permit(request, Right.SEE)
    query = searches.cleaned(body.query)
    if not body.name.strip():
        raise wrong("name", "give it a name")
    if not query:
        known = ", ".join(searches.ASKED)
        raise wrong("query", "this searches for nothing", fix=f"write NAME=VALUE of {known}, joined by &")
    with writing(who) as tx:
        if not searches.keep(tx, who.user_id, body.name, query):
            raise Problem(409, f"{searches.SEARCHES_MAX} searches are kept already; drop one first")
        made = next(one for one in searches.of_user(tx, who.user_id) if one.name == searches.shown(body.name))
    return Status(201, _out(made))


@router.delete("/{search_id}", response={204: None})
def drop(request: HttpRequest, search_id: int) -> Any:
    """Keep it no longer."""
    who = permit(request, Right.SEE)
    with writing(who) as tx:
        if not searches.drop(tx, who.user_id, search_id):
            raise not_found(f"you keep no search {search_id}")
    return Status(204, None)


def _out(search: Search) -> dict[str, Any]:
    return {"id": search.id, "name": search.name, "query": search.query, "asked": dict(parse_qsl(search.query))}
