"""The webhook channel keeps to the Standard Webhooks specification."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.channels import webhook
from tocsin.channels.domain import Address, Message, MessageKind, Settings

# The vector published with the specification's reference documentation.
SECRET = "whsec_plJ3nmyCDGBKInavdOK15jsl"
PAYLOAD = b'{"event_type":"ping","data":{"success":true}}'
SIGNATURE = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
NOW = datetime.fromtimestamp(1731705121, UTC)
MESSAGE = Message(kind=MessageKind.TEST, id="msg_loFOjxBNrRLzqYUf", to="Ann")
OTHER = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_published_vector() -> None:
    """A signature is what every other implementation of the specification computes."""
    assert webhook.sign(SECRET, "msg_loFOjxBNrRLzqYUf", "1731705121", PAYLOAD) == SIGNATURE


def test_the_request_verifies() -> None:
    """The signature covers id, timestamp and the very body that is sent."""
    request = webhook.compose(
        MESSAGE, Address(channel="webhook", target="https://x.example/", options={"secret": SECRET}), Settings(), NOW
    )
    headers = request.headers
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (MESSAGE.id, "1731705121")
    expected = webhook.sign(SECRET, headers["webhook-id"], headers["webhook-timestamp"], request.body)
    assert headers["webhook-signature"] == expected


def test_the_contacts_own_secret_comes_first() -> None:
    """The installation's secret signs only where the contact has none, and without either nothing is signed."""

    def signature(options: dict[str, str], secrets: dict[str, str]) -> str | None:
        address = Address(channel="webhook", target="https://x.example/", options=options)
        return webhook.compose(MESSAGE, address, Settings(secrets=secrets), NOW).headers.get("webhook-signature")

    own = signature({"secret": SECRET}, {"webhook": OTHER})
    assert own == signature({"secret": SECRET}, {})
    assert signature({}, {"webhook": OTHER}) not in (None, own)
    assert signature({}, {}) is None


@pytest.mark.parametrize("written", ["", "whsec_", "whsec_hunter2!", "whsec_c2hvcnQ=", "whsec_" + "A" * 200])
def test_a_wrong_secret_is_explained_without_showing_it(written: str) -> None:
    """A secret that could not sign is refused when it is written down."""
    wrong = webhook.check_secret(written)
    assert wrong
    assert "hunter2" not in wrong
