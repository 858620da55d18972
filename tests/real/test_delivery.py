"""What really arrives: a signed webhook, a mail over STARTTLS after signing in, and the link in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import urllib.parse
from datetime import UTC, datetime

import pytest

from real.installation import KEYS, SMTP_LOGIN, WEBHOOK_SECRET, Installation

pytestmark = pytest.mark.xdist_group("real")
TOLERANCE_S = 300  # what the Standard Webhooks libraries allow between their clock and ours


def test_a_webhook_passes_the_standard_verification(tocsin: Installation) -> None:
    """Id, timestamp and signature are as Standard Webhooks says, checked by its text and not by our own code."""
    _trigger(tocsin, "events", "hook: signed")
    group = tocsin.group("events", "hook: signed")
    got = tocsin.wait_told("ann", group["reference"])
    secret = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert f"v1,{expected}" in got.headers["webhook-signature"].split(" ")
    assert abs(datetime.now(UTC).timestamp() - int(got.headers["webhook-timestamp"])) < TOLERANCE_S
    assert got.headers["content-type"] == "application/json"
    assert got.json()["data"]["id"] == got.headers["webhook-id"]


def test_a_mail_comes_over_tls_after_signing_in_with_both_parts_and_the_link(tocsin: Installation) -> None:
    """STARTTLS, then AUTH, then one multipart mail whose text and HTML both hold the Acknowledge link."""
    _trigger(tocsin, "mail-events", "mail: Größe überschritten ✉", dedup_key="mail-shape")
    group = tocsin.group("mail-events", "mail: Größe")
    mail = tocsin.wait_mail("mia@real.example", "Größe")
    assert (mail.tls, mail.login) == (True, SMTP_LOGIN[0])
    assert mail.sender == "tocsin@real.example"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert group["reference"] in mail.message["Subject"]
    assert mail.message["To"] == "mia@real.example"
    assert {mail.message[name] is not None for name in ("Message-ID", "Date", "Auto-Submitted")} == {True}
    assert _link(mail.text, tocsin) == _link(mail.html, tocsin)
    assert max(len(line) for line in mail.raw.split(b"\r\n")) <= 998


def test_the_link_answers_nothing_until_it_is_posted(tocsin: Installation) -> None:
    """Scanners may GET and HEAD the link as they like; one POST acknowledges, and the other paged person is told."""
    _trigger(tocsin, "mail-events", "link: door open", dedup_key="link")
    group = tocsin.group("mail-events", "link: door open")
    tocsin.wait_told("bob", group["reference"])
    path = urllib.parse.urlsplit(_link(tocsin.wait_mail("mia@real.example", "door open").text, tocsin)).path

    for method in ("GET", "HEAD", "GET"):
        looked = tocsin.call(path, method=method)
        assert looked.status == 200
    assert b"door open" in looked.body
    assert tocsin.group("mail-events", "link: door open")["acknowledged_by"] == ""

    posted = tocsin.call(path, b"", method="POST")
    assert posted.status == 200
    held = tocsin.group("mail-events", "link: door open", status="acknowledged")
    assert held["acknowledged_by"] == "person:mia"
    told = tocsin.wait_told("bob", group["reference"], "taken").json()["data"]["subject"]
    assert "Mia Weiß" in told
    assert tocsin.call(path, b"", method="POST").status == 200, "a second tap says so and breaks nothing"


def test_a_link_in_other_hands_leads_nowhere(tocsin: Installation) -> None:
    """A link that was changed in one place, and one that never was, are dead and say so."""
    _trigger(tocsin, "mail-events", "link: other hands", dedup_key="other-hands")
    tocsin.group("mail-events", "link: other hands")
    path = urllib.parse.urlsplit(_link(tocsin.wait_mail("mia@real.example", "other hands").text, tocsin)).path
    changed = path[:12] + ("A" if path[12] != "A" else "B") + path[13:]
    for dead in (changed, "/a/x", "/a/" + "x" * 5000, "/a/%00", "/a/page:1"):
        answered = tocsin.call(dead, b"", method="POST")
        assert answered.status in {404, 410, 414}, (dead[:80], answered.status)
    assert tocsin.group("mail-events", "link: other hands")["acknowledged_by"] == ""


def test_the_webhooks_link_acknowledges_too(tocsin: Installation) -> None:
    """What a program got as `acknowledge_post_url` answers for its person."""
    _trigger(tocsin, "mail-events", "link: by program", dedup_key="by-program")
    group = tocsin.group("mail-events", "link: by program")
    data = tocsin.wait_told("bob", group["reference"]).json()["data"]
    assert tocsin.call(urllib.parse.urlsplit(data["acknowledge_post_url"]).path, b"", method="POST").status == 200
    held = tocsin.group("mail-events", "link: by program", status="acknowledged")
    assert held["acknowledged_by"] == "person:bob"
    assert "Bob Ortiz" in tocsin.wait_mail("mia@real.example", f"{group['reference']} ack").text


def _trigger(tocsin: Installation, door: str, summary: str, dedup_key: str = "") -> None:
    event = {
        "routing_key": KEYS[door],
        "event_action": "trigger",
        **({"dedup_key": dedup_key} if dedup_key else {}),
        "payload": {"summary": summary, "source": "host", "severity": "critical"},
    }
    assert tocsin.call("/v2/enqueue", json.dumps(event).encode()).status == 202


def _link(text: str, tocsin: Installation) -> str:
    found = re.findall(re.escape(tocsin.url) + r"/a/[A-Za-z0-9._~:-]+", text)
    assert found, text
    assert len(set(found)) == 1
    return str(found[0])
