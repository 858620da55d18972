"""The API for whoever is signed in to the interface."""

from __future__ import annotations

import pytest
from django.test import Client

from databases import Database
from serving import COMPANY
from tocsin.config import actions as configuring
from tocsin.config.parse import File
from tocsin.kit import clock, db
from tocsin.people import actions as accounts


@pytest.fixture
def ann(sqlite: Database) -> Client:
    """Ann's browser, signed in, protected as a browser is."""
    with db.transact(clock.now()) as tx:
        configuring.apply(tx, [File(name="company.yaml", content=COMPANY)], {}, configuring.Author(by="tocsin"))
    with db.transact(clock.now()) as tx:
        user = accounts.create_user(tx, "ann@acme.example", "", "a password of ann")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    return browser


def test_a_session_reads(ann: Client) -> None:
    """Who is signed in needs no token to read."""
    answer = ann.get("/api/v1/me")
    assert (answer.status_code, answer.json()["person"]) == (200, "ann")


def test_a_forged_request_changes_nothing(ann: Client) -> None:
    """Without the CSRF token a session can do nothing; with it, what its person may."""
    body = {"name": "from the interface", "scopes": ["see"]}
    forged = ann.post("/api/v1/tokens", body, content_type="application/json")
    assert (forged.status_code, forged.json()["detail"][:14]) == (403, "the CSRF token")
    page = ann.get("/me")
    token = page.cookies["tocsin-csrf"].value
    made = ann.post("/api/v1/tokens", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert made.status_code == 201
