"""What is refused although its key is known is not a matter between the sender and its log alone."""

from __future__ import annotations

import pytest

from real.installation import KEYS, Installation

pytestmark = pytest.mark.xdist_group("real")
MB = 1024 * 1024


def test_a_refused_request_is_counted_and_what_was_lost_by_it_is_told(tocsin: Installation) -> None:
    """A batch too large for us is told to the administrators; what cannot be read is counted by integration and reason."""
    too_large = b"[" + b" " * (5 * MB) + b"]"
    assert tocsin.call(f"/in/alertmanager/{KEYS['odds-alertmanager']}", too_large).status == 413
    as_json = {"Content-Type": "application/json"}
    assert tocsin.call(f"/in/generic/{KEYS['odds-generic']}", b"<xml/>", headers=as_json).status == 400
    assert tocsin.call("/in/generic/nobodys-key", b"<xml/>").status == 401
    counted = tocsin.call("/metrics").body.decode()
    for name, reason in (("odds-alertmanager", "too_large"), ("odds-generic", "unreadable")):
        assert f'tocsin_requests_refused_total{{integration="{name}",reason="{reason}"}}' in counted
    told = tocsin.group("tocsin", "odds-alertmanager sends more at once than is taken in")
    assert told["urgency"] == "low"
