"""Addresses and forms with what cannot be: a page that says so, on both databases, and never that we broke."""

from __future__ import annotations

from databases import Database, Kind
from house import open_house, words

ZERO = "%00"
ADDRESSES = (
    *(f"/groups?{name}={ZERO}" for name in ("q", "person", "service", "team", "status", "urgency", "from", "before")),
    *(f"/audit?{name}={ZERO}" for name in ("q", "who", "what", "from", "before")),
    *(f"/{part}/{ZERO}" for part in ("people", "services", "policies", "schedules", "integrations", "teams", "docs")),
    *(f"/{part}/{ZERO}" for part in ("password", "a", "signals", "groups", "accounts")),
    f"/people?q={ZERO}",
    f"/docs?q={ZERO}",
    f"/cal/{ZERO}.ics",
    f"/oncall?schedule={ZERO}",
    f"/configuration/edit/people/{ZERO}",
    f"/configuration/new/{ZERO}",
    "/groups?from=0001-01-01&to=9999-12-31",
    "/audit?from=0001-01-01&to=9999-12-31",
    "/oncall?from=9999-12-31",
    "/oncall?from=0001-01-01",
    "/schedules/primary?from=9999-12-31",
    "/signals/999999999999999999",
    "/configuration/history/999999999999999999",
)
FORMS = {
    "/groups/searches": {"name": "x\x00", "query": "q=x"},
    "/teams/-/new": {"name": "x\x00", "id": "x"},
    "/people/-/new": {"name": "x\x00", "email": "x\x00@tocsin.test", "role": "viewer"},
    "/services/new": {"title": "x\x00", "team": "web"},
    "/policies/new": {"title": "x\x00", "steps": "1", "step-0-page": "person:ann", "step-0-wait": "5m"},
    "/what-if": {"integration": "web\x00", "body": "\x00"},
    "/configuration/apply": {"content": "tocsin: 1\n\x00"},
    "/password/forgotten": {"email": "x\x00@tocsin.test"},
    "/sign-in": {"login": "x\x00@tocsin.test", "password": "\x00"},
}


def test_what_cannot_be_is_said_to_be_wrong(database: Database) -> None:
    """No page breaks over it, and what is refused is told with what to do."""
    with open_house(database) as house:
        dan = house.client("dan")
        dan.raise_request_exception = False
        answers = {address: dan.get(address) for address in ADDRESSES}
        answers |= {address: dan.post(address, form) for address, form in FORMS.items()}
        assert {address: one.status_code for address, one in answers.items() if one.status_code >= 500} == {}
        refused = [one for one in answers.values() if one.status_code == 400]
        assert all("makes no sense" in words(one.content) for one in refused)
        assert refused or database.kind is Kind.SQLITE
