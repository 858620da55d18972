"""Every operation of the API × every kind of person."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest

from serving import CAST, Served

EVERYBODY = frozenset(CAST)
RESPONDERS = frozenset({"ann", "bob", "cleo"})
ADMINS = frozenset({"ann"})
SERVICE = {"name": "Checkout", "team": "shop"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation with a body it accepts, and who may do it. `{shop}` and `{platform}` are groups of these teams."""

    method: str
    path: str
    may: frozenset[str]
    body: Any = None


def _groups_of(team: str, may: frozenset[str]) -> list[Operation]:
    group = f"/groups/{{{team}}}"
    return [
        Operation(method="POST", path=f"{group}/acknowledgement", may=may),
        Operation(method="DELETE", path=f"{group}/acknowledgement", may=may),
        Operation(method="POST", path=f"{group}/snooze", may=may, body={"for": "1h"}),
        Operation(method="POST", path=f"{group}/escalation", may=may),
        Operation(method="POST", path=f"{group}/notes", may=may, body={"text": "looking"}),
        Operation(method="POST", path=f"{group}/resolution", may=may),
    ]


def _reads(*paths: str) -> list[Operation]:
    return [Operation(method="GET", path=path, may=EVERYBODY) for path in paths]


CLEO = frozenset({"ann", "cleo"})  # what only Cleo and administrators do in her name
OF_CLEO = {"name": "Cleo Adeyemi", "email": "cleo@acme.example", "role": "responder"}
LONG_AGO = {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"}
SHIFT_LONG_AGO = {"schedule": "first", **LONG_AGO}
OVERRIDE = {"schedule": "first", "person_in": "cleo", "person_out": "ann", "for": "500d"}  # too long, so never made
FILE = {"name": "x.yaml", "content": "tocsin: 2"}  # refused for what it says, so nothing is ever changed
OPERATIONS = [
    *_reads(
        "/groups",
        "/groups/{shop}",
        "/groups/{shop}/pages",
        "/groups/{shop}/escalations",
        "/groups/{shop}/explanation",
        "/signals",
        "/signals/1",
        "/silences",
        "/silences/1",
        "/pages",
        "/people/ann/contacts",
        "/people/ann/test",
        "/teams/shop/rehearsal",
        "/oncall",
        "/schedules/first/shifts?from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z",
        "/schedules/first/gaps",
        "/schedules/first/quality",
        "/schedules/first/load",
        "/oncall/findings",
        "/overrides",
        "/swaps",
        "/swaps/99999",
        "/swaps/99999/conflicts",
        "/absences",
        "/handovers",
        "/calendars",
        "/feeds",
        "/config/export",
        "/config/versions",
        "/config/versions/1",
        "/config/documents/services",
        "/config/documents/services/checkout",
        "/me",
        "/tokens",
        "/searches",
        "/integrations/odds/test/99999",
    ),
    *_groups_of("shop", RESPONDERS),
    *_groups_of("platform", RESPONDERS | {"dan"}),
    Operation(method="GET", path="/config/export?redact=false", may=ADMINS),
    Operation(method="GET", path="/audit", may=ADMINS),
    Operation(method="GET", path="/accounts", may=ADMINS),
    Operation(method="GET", path="/accounts/99999", may=ADMINS),
    Operation(method="POST", path="/accounts/99999/invitation", may=ADMINS),
    Operation(method="DELETE", path="/accounts/99999/invitation", may=ADMINS),
    Operation(method="POST", path="/people/ann/account", may=ADMINS),  # there is one already
    Operation(method="POST", path="/integrations/odds/test", may=ADMINS | {"dan"}),
    Operation(method="POST", path="/searches", may=EVERYBODY, body={"name": "x", "query": "team=shop"}),
    Operation(method="DELETE", path="/searches/99999", may=EVERYBODY),  # of others: not found
    Operation(method="POST", path="/pages", may=RESPONDERS, body={"to": ["person:ann"], "title": "see me"}),
    Operation(method="POST", path="/pages", may=RESPONDERS | {"dan"}, body={"to": ["team:platform"], "title": "all"}),
    Operation(method="POST", path="/pages", may=RESPONDERS | {"dan"}, body={"service": "cluster", "title": "down"}),
    Operation(
        method="POST",
        path="/silences",
        may=RESPONDERS,
        body={"matchers": ['service="checkout"', 'never="x"'], "comment": "tests", "for": "1m"},
    ),
    Operation(
        method="POST",
        path="/silences",
        may=RESPONDERS | {"dan"},
        body={"matchers": ['service="cluster"', 'never="x"'], "comment": "tests", "for": "1m"},
    ),
    Operation(method="DELETE", path="/silences/{silence}", may=RESPONDERS),
    Operation(method="POST", path="/people/ann/contacts/inbox/verification", may=ADMINS),
    Operation(method="PUT", path="/people/cleo/contacts/inbox/verification", may=ADMINS | {"cleo"}, body={"code": "1"}),
    Operation(method="POST", path="/config/plan", may=ADMINS, body={"files": [FILE]}),
    Operation(method="POST", path="/config/apply", may=ADMINS, body={"files": [FILE]}),
    Operation(method="POST", path="/config/check", may=EVERYBODY, body={}),
    Operation(method="POST", path="/config/check", may=ADMINS, body={"files": [FILE]}),
    Operation(method="POST", path="/config/rollback", may=ADMINS, body={"version": 99999}),
    Operation(method="PUT", path="/config/documents/services/checkout", may=ADMINS | {"bob"}, body=SERVICE),
    Operation(
        method="PUT",
        path="/config/documents/services/checkout",
        may=ADMINS,
        body={"name": "Checkout", "team": "platform"},
    ),
    Operation(method="PUT", path="/config/documents/people/ann", may=ADMINS, body={"name": "Ann"}),
    Operation(method="PUT", path="/config/documents/people/cleo", may=ADMINS | {"cleo"}, body={**OF_CLEO, "name": "C"}),
    Operation(method="PUT", path="/config/documents/people/cleo", may=ADMINS, body={**OF_CLEO, "role": "admin"}),
    Operation(method="PUT", path="/config/documents/people/cleo", may=ADMINS, body={**OF_CLEO, "email": "x@x.example"}),
    Operation(method="GET", path="/people/cleo/devices", may=CLEO),
    Operation(method="DELETE", path="/people/cleo/devices/99999", may=CLEO),
    Operation(method="POST", path="/people/cleo/test", may=CLEO),
    Operation(method="POST", path="/teams/platform/rehearsal", may=ADMINS | {"dan"}),
    Operation(method="DELETE", path="/config/documents/services/cluster", may=ADMINS | {"dan"}),
    Operation(method="DELETE", path="/config/documents/people/dan", may=ADMINS),
    Operation(method="POST", path="/integrations/odds/preview", may=EVERYBODY, body={"body": "{}"}),
    Operation(method="POST", path="/what-if", may=EVERYBODY, body={"integration": "odds", "body": "{}"}),
    Operation(method="POST", path="/schedules/first/preview", may=EVERYBODY, body={"document": {}}),
    Operation(method="POST", path="/overrides", may=RESPONDERS, body=OVERRIDE),
    Operation(method="POST", path="/overrides", may=frozenset({"ann", "bob"}), body={**OVERRIDE, "person_in": "dan"}),
    Operation(method="DELETE", path="/overrides/{override}", may=RESPONDERS),
    Operation(method="POST", path="/swaps", may=CLEO, body={"person": "cleo", "gives": SHIFT_LONG_AGO}),
    Operation(method="POST", path="/swaps/99999/acceptance", may=CLEO, body={"person": "cleo"}),
    Operation(method="POST", path="/swaps/99999/refusal", may=CLEO, body={"person": "cleo"}),
    Operation(method="DELETE", path="/swaps/99999", may=EVERYBODY),  # not found
    Operation(method="POST", path="/absences", may=CLEO, body={"person": "cleo", **LONG_AGO}),
    Operation(method="DELETE", path="/absences/99999", may=EVERYBODY),  # not found
    Operation(method="POST", path="/handovers/99999/acceptance", may=CLEO, body={"person": "cleo"}),
    Operation(method="POST", path="/calendars", may=CLEO, body={"person": "cleo", "url": "no address"}),
    Operation(method="DELETE", path="/calendars/99999", may=EVERYBODY),  # not found
    Operation(method="POST", path="/feeds", may=CLEO, body={"person": "cleo"}),
    Operation(method="POST", path="/feeds", may=RESPONDERS, body={"schedule": "first"}),
    Operation(method="DELETE", path="/feeds/99999", may=EVERYBODY),  # of others: not found
    Operation(method="POST", path="/tokens", may=EVERYBODY, body={"name": "x", "scopes": ["see"]}),
    Operation(method="DELETE", path="/tokens/{token}", may=EVERYBODY),  # of others: not found
]


@pytest.fixture(scope="module")
def places(served: Served) -> dict[str, int]:
    """Something to try each operation on: groups of either team, a silence, somebody's token."""
    shop = served.trouble("rights of the shop")
    alert = {"message": "rights of the platform", "alias": "rights"}
    key = {"Authorization": "GenieKey 5d8e6f708192a3b49c0d1e2f3a4b4c5d"}
    assert served.call("", "POST", "/v2/alerts", alert, key).status == 202
    found = served.wait_for("/groups?q=rights+of+the+platform", lambda body: body["groups"])
    silence = {"matchers": ['service="checkout"', 'never="y"'], "comment": "tests", "for": "1h"}
    made = served.api("ann", "POST", "/silences", silence).body["id"]
    served.api("bob", "POST", "/tokens", {"name": "of bob"})
    override = {"schedule": "first", "person_in": "cleo", "start": "2027-03-01T00:00:00Z", "for": "1m"}
    changed = served.api("ann", "POST", "/overrides", override).body["id"]
    token = served.api("bob", "GET", "/tokens").body["tokens"][0]["id"]
    return {"shop": shop, "platform": found["groups"][0]["id"], "silence": made, "token": token, "override": changed}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path} {one.body or ''}"[:100])
def test_who_may(served: Served, places: dict[str, int], operation: Operation) -> None:
    """Whoever the table names gets past the door, everybody else is told that they have not the right."""
    path = operation.path.format(**places)
    forbidden = {name for name in CAST if served.api(name, operation.method, path, operation.body).status == 403}
    assert forbidden == EVERYBODY - operation.may
    assert served.api("", operation.method, path, operation.body).status == 401


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path} {one.body or ''}"[:100])
def test_a_token_does_only_what_its_scopes_say(served: Served, places: dict[str, int], operation: Operation) -> None:
    """With a token that may only look, the same responder can do nothing else."""
    path = operation.path.format(**places)
    status = served.api("cleo only sees", operation.method, path, operation.body).status
    only_looks = operation.may == EVERYBODY
    own = "/people/cleo/" in path
    assert (status != 403) == (only_looks or own), status
    if operation.method == "POST" and operation.path == "/tokens":
        wider = served.api("cleo only sees", "POST", path, {"name": "x", "scopes": ["see", "respond"]})
        assert wider.status == 422


def test_the_table_is_complete(served: Served) -> None:
    """Each operation the API offers stands in the table above."""
    offered = {
        (method.upper(), re.sub(r"\{[^}]+\}", "*", path.removeprefix("/api/v1")))
        for path, operations in served.call("", "GET", "/api/v1/openapi.json").body["paths"].items()
        for method in operations
    }
    tried = {(one.method, one.path.partition("?")[0]) for one in OPERATIONS}
    missing = {
        (method, path)
        for method, path in offered
        if not any(method == other and _fits(path, written) for other, written in tried)
    }
    assert missing == set()


def test_the_description_is_whole(served: Served) -> None:
    """Every reference leads somewhere, no two operations share a name, parameters of a path are told, and each operation says how it answers when something is wrong."""
    described = served.call("", "GET", "/api/v1/openapi.json").body
    named = set(re.findall(r'"#/components/(\w+/\w+)"', json.dumps(described)))
    held = {f"{kind}/{name}" for kind, parts in described["components"].items() for name in parts}
    assert named <= held
    operations = [(path, one) for path, methods in described["paths"].items() for one in methods.values()]
    names = [one["operationId"] for _, one in operations]
    assert len(names) == len(set(names))
    for path, one in operations:
        told = {given["name"] for given in one.get("parameters", ()) if given["in"] == "path"}
        assert told == set(re.findall(r"\{(\w+)\}", path)), path
        assert "default" in one["responses"], path
        assert one["tags"], path


def test_a_problem_is_what_the_description_says(served: Served) -> None:
    """What comes back for a wrong request has the members that are described, under the type that is described."""
    described = served.call("", "GET", "/api/v1/openapi.json").body["components"]
    refused = served.api("ann", "POST", "/silences", {"matchers": ["a b"], "comment": "x", "end": "soon"})
    assert refused.status == 422
    assert set(described["schemas"]["Problem"]["required"]) <= set(refused.body)
    assert all(set(one) <= set(described["schemas"]["Mistake"]["properties"]) for one in refused.body["errors"])
    assert "application/problem+json" in described["responses"]["Problem"]["content"]


def _fits(pattern: str, path: str) -> bool:
    parts, written = pattern.split("/"), path.split("/")
    return len(parts) == len(written) and all(one in ("*", other) for one, other in zip(parts, written, strict=True))
