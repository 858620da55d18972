"""Opsgenie's own client library for Python, with nothing changed but the host."""

from __future__ import annotations

from typing import Any

import opsgenie_sdk
import pytest

from real.installation import KEYS, Installation
from real.programs import eventually

pytestmark = pytest.mark.xdist_group("real")
DONE_S = 10.0


@pytest.fixture
def client(tocsin: Installation) -> Any:
    """The library's alert API, talking to us."""
    return _client(tocsin, KEYS["opsgenie"])


def _client(tocsin: Installation, key: str) -> Any:
    configuration = opsgenie_sdk.configuration.Configuration()
    configuration.host = tocsin.url
    configuration.api_key["Authorization"] = key
    configuration.retry_delay = 1
    return opsgenie_sdk.AlertApi(api_client=opsgenie_sdk.api_client.ApiClient(configuration=configuration))


def test_an_alert_lives_from_create_to_close(tocsin: Installation, client: Any) -> None:
    """Create pages; note, acknowledge and close do what they say; every request's fate can be asked for."""
    created = client.create_alert(
        opsgenie_sdk.CreateAlertPayload(
            message="og: queue stuck",
            alias="queue/ingest eu",
            description="nothing moved for ten minutes",
            tags=["ingest", "eu"],
            details={"depth": "12000"},
            entity="queue",
            source="cron",
            priority="P1",
        )
    )
    assert created.result == "Request will be processed"
    group = tocsin.group("opsgenie", "og: queue stuck")
    assert group["severity"] == "critical"
    tocsin.wait_told("ann", group["reference"])
    status = _fate(client, created.request_id)
    assert (status.action, status.is_success, status.alias) == ("Create", True, "queue/ingest eu")

    again = client.create_alert(opsgenie_sdk.CreateAlertPayload(message="og: queue stuck", alias="queue/ingest eu"))
    assert _fate(client, again.request_id).is_success

    client.add_note(
        identifier="queue/ingest eu",
        identifier_type="alias",
        add_note_to_alert_payload=opsgenie_sdk.AddNoteToAlertPayload(note="looking at it", user="cleo"),
    )
    acknowledged = client.acknowledge_alert(
        identifier="queue/ingest eu",
        identifier_type="alias",
        acknowledge_alert_payload=opsgenie_sdk.AcknowledgeAlertPayload(user="cleo"),
    )
    assert _fate(client, acknowledged.request_id).action == "Acknowledge"
    held = tocsin.group("opsgenie", "og: queue stuck", status="acknowledged")
    assert "looking at it" in str(held["journal"])
    assert held["alerts"][0]["signal_count"] >= 2

    closed = client.close_alert(
        identifier="queue/ingest eu",
        identifier_type="alias",
        close_alert_payload=opsgenie_sdk.CloseAlertPayload(user="cleo", note="restarted"),
    )
    assert _fate(client, closed.request_id).action == "Close"
    tocsin.group("opsgenie", "og: queue stuck", status="resolved")
    assert len(tocsin.told("ann", group["reference"])) == 1


def test_what_was_sent_can_be_read_back(tocsin: Installation, client: Any) -> None:
    """List, count and get speak the library's types: id, alias, priority, details, acknowledged, count."""
    client.create_alert(
        opsgenie_sdk.CreateAlertPayload(message="og: read back", alias="read-back", priority="P2", details={"a": "b"})
    )
    tocsin.group("opsgenie", "og: read back")
    shown = client.get_alert(identifier="read-back", identifier_type="alias").data
    assert (shown.message, shown.alias, shown.priority) == ("og: read back", "read-back", "P2")
    assert (shown.status, shown.acknowledged, shown.count) == ("open", False, 1)
    assert shown.details == {"a": "b"}
    by_tiny = client.get_alert(identifier=shown.tiny_id, identifier_type="tiny").data
    assert by_tiny.alias == "read-back"
    listed = client.list_alerts(query="alias:read-back status:open", limit=5).data
    assert [one.alias for one in listed] == ["read-back"]
    assert client.count_alerts(query="alias:read-back").data.count == 1


def test_an_alert_without_an_alias_is_known_by_the_id_it_is_told(tocsin: Installation, client: Any) -> None:
    """The alert's id comes from the request's status, and closing by it works, as Opsgenie's clients do."""
    created = client.create_alert(opsgenie_sdk.CreateAlertPayload(message="og: no alias"))
    tocsin.group("opsgenie", "og: no alias")
    alert_id = _fate(client, created.request_id).alert_id
    client.close_alert(identifier=alert_id, close_alert_payload=opsgenie_sdk.CloseAlertPayload())
    tocsin.group("opsgenie", "og: no alias", status="resolved")


def test_a_heartbeat_is_answered_as_there(tocsin: Installation, client: Any) -> None:
    """The heartbeat API's ping is taken in and answered in the shape the library expects."""
    pinged = opsgenie_sdk.HeartbeatApi(api_client=client.api_client).ping("nightly backup")
    assert pinged.result.startswith("PONG")
    tocsin.wait_absorbed()
    assert "ping" in {one["action"] for one in tocsin.api("signals?integration=opsgenie")["signals"]}


def test_a_wrong_key_is_what_the_library_calls_it(tocsin: Installation) -> None:
    """401 becomes the library's own AuthenticationException, without retries."""
    client = _client(tocsin, "not-a-key-of-anybody")
    with pytest.raises(opsgenie_sdk.exceptions.AuthenticationException):
        client.create_alert(opsgenie_sdk.CreateAlertPayload(message="og: nobody's"))


def _fate(client: Any, request_id: str) -> Any:
    def look() -> Any:
        try:
            return client.get_request_status(request_id).data
        except opsgenie_sdk.exceptions.ApiException as error:
            if error.status == 404:
                return None
            raise

    return eventually(look, f"the fate of {request_id}", DONE_S)
