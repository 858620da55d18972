"""Downloads from a real server: they arrive whole, packed or not, while they are made."""

from __future__ import annotations

import gzip
import json
import urllib.request

import pytest

from serving import Served, session
from tocsin.admin import auditing
from tocsin.kit import clock, db
from tocsin.people.domain import SignedIn
from tocsin.people.models import User

COUNT = 2 * auditing.CHUNK + 300


@pytest.fixture(scope="module")
def cookie(served: Served) -> str:
    """Ann's, after she signed in a great many times."""
    served.database.connect()
    with db.transact(clock.now()) as tx:
        user = User.objects.get(email="ann@acme.example").pk
        for _ in range(COUNT):
            tx.record(SignedIn(user=user, by="person:ann", address="192.0.2.1"))
    made = session("ann")
    db.drop_connection()
    return made


@pytest.mark.parametrize("packed", ["gzip", "identity"])
def test_the_audit_arrives_whole(served: Served, cookie: str, packed: str) -> None:
    """Each entry once, newest first, through the server's own streaming and packing."""
    request = urllib.request.Request(f"{served.url}/audit/export.jsonl?what=sign-ins")
    request.add_header("Cookie", f"tocsin={cookie}")
    request.add_header("Accept-Encoding", packed)
    with urllib.request.urlopen(request, timeout=60) as answer:
        body = answer.read()
        assert answer.headers.get("Content-Encoding", "identity") == packed
        assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.jsonl"'
    lines = (gzip.decompress(body) if packed == "gzip" else body).decode().splitlines()
    numbers = [json.loads(line)["id"] for line in lines]
    assert len(numbers) == COUNT
    assert numbers == sorted(set(numbers), reverse=True)
