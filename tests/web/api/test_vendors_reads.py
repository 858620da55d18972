"""The read addresses of Alertmanager's and Opsgenie's APIs."""

from __future__ import annotations

import base64

from serving import CHECKOUT_KEY, CLUSTER_KEY, HELPDESK_KEY, Served

OPSGENIE = {"Authorization": f"GenieKey {HELPDESK_KEY}"}


def test_prometheus_sees_the_alerts_it_pushed(served: Served) -> None:
    """GET /api/v2/alerts has Alertmanager's shape, by bearer or basic credentials, with its filters."""
    pushed = [{"labels": {"alertname": "NodeDown", "node": "n1"}, "annotations": {"summary": "n1 is down"}}]
    bearer = {"Authorization": f"Bearer {CLUSTER_KEY}"}
    assert served.call("", "POST", "/api/v2/alerts", pushed, bearer).status == 200
    served.wait_for("/groups?q=n1+is+down", lambda body: body["groups"])
    basic = {"Authorization": "Basic " + base64.b64encode(f"x:{CLUSTER_KEY}".encode()).decode()}
    for headers in (bearer, basic):
        answer = served.call("", "GET", "/api/v2/alerts?filter=alertname%3DNodeDown", headers=headers)
        (alert,) = answer.body
        assert (alert["labels"]["node"], alert["status"]["state"]) == ("n1", "active")
        assert alert["receivers"] == [{"name": "cluster-prometheus"}]
        assert len(alert["fingerprint"]) == 16
    assert served.call("", "GET", "/api/v2/alerts?active=false", headers=bearer).body == []
    assert served.call("", "GET", "/api/v2/alerts?filter=%7B", headers=bearer).status == 400
    wrong = {"Authorization": f"Bearer {CHECKOUT_KEY}"}
    assert served.call("", "GET", "/api/v2/alerts", headers=wrong).status == 401
    assert served.call("", "GET", "/api/v2/status").body["cluster"]["status"] == "disabled"
    prefix = f"/in/prometheus/{CLUSTER_KEY}"
    assert served.call("", "GET", f"{prefix}/api/v2/alerts?filter=alertname%3DNodeDown").body == answer.body
    assert served.call("", "GET", f"/in/prometheus/{CHECKOUT_KEY}/api/v2/alerts").status == 401
    assert served.call("", "GET", f"{prefix}/api/v2/status").body["cluster"]["status"] == "disabled"
    assert served.call("", "GET", f"{prefix}/-/healthy").status == 200
    assert served.call("", "GET", f"{prefix}/-/ready").status == 200


def test_an_opsgenie_client_follows_its_alert(served: Served) -> None:
    """From the request's id to the alert, its acknowledgement, its count and its end."""
    sent = {"message": "desk on fire", "alias": "desk/1", "tags": ["desk", "floor:2"]}
    created = served.call("", "POST", "/v2/alerts", sent, OPSGENIE)
    assert created.status == 202
    served.wait_for("/groups?q=desk+on+fire", lambda body: body["groups"])
    request = served.call("", "GET", f"/v2/alerts/requests/{created.body['requestId']}", headers=OPSGENIE).body["data"]
    assert (request["isSuccess"], request["action"], request["alertId"]) == (True, "Create", "desk/1")
    path = "/v2/alerts/desk%2F1?identifierType=alias"
    alert = served.call("", "GET", path, headers=OPSGENIE).body["data"]
    assert (alert["message"], alert["status"], alert["acknowledged"]) == ("desk on fire", "open", False)
    assert alert["tags"] == ["desk", "floor:2"]
    tiny = served.call("", "GET", f"/v2/alerts/{alert['tinyId']}?identifierType=tiny", headers=OPSGENIE)
    assert tiny.body["data"]["alias"] == "desk/1"
    group = served.api("ann", "GET", "/groups?q=desk+on+fire").body["groups"][0]["id"]
    served.api("ann", "POST", f"/groups/{group}/acknowledgement")
    alert = served.call("", "GET", path, headers=OPSGENIE).body["data"]
    assert (alert["acknowledged"], alert["owner"], alert["report"]["acknowledgedBy"]) == (
        True,
        "ann@acme.example",
        "ann",
    )
    noted = {"user": "robot", "note": "fetching water"}
    served.call("", "POST", "/v2/alerts/desk%2F1/notes?identifierType=alias", noted, OPSGENIE)
    served.api("ann", "POST", f"/groups/{group}/notes", {"text": "between us: it was Dan"})
    served.wait_for(f"/groups/{group}", lambda body: "fetching water" in str(body))
    notes = served.call("", "GET", path.replace("?", "/notes?"), headers=OPSGENIE).body["data"]
    assert [(one["note"], one["owner"]) for one in notes] == [("fetching water", "robot")]
    logs = served.call("", "GET", path.replace("?", "/logs?"), headers=OPSGENIE).body["data"]
    assert [one["log"].split(":")[0] for one in logs] == ["Note", "Trigger"]
    served.api("ann", "POST", f"/groups/{group}/resolution")
    assert served.call("", "GET", path, headers=OPSGENIE).body["data"]["status"] == "closed"
    counted = served.call("", "GET", "/v2/alerts/count?query=alias:desk/1", headers=OPSGENIE)
    assert counted.body["data"]["count"] == 1
    listed = served.call("", "GET", "/v2/alerts?query=status:closed&limit=1", headers=OPSGENIE)
    assert len(listed.body["data"]) == 1


def test_what_is_not_theirs_is_not_there(served: Served) -> None:
    """Unknown alerts and requests are 404 in Opsgenie's shape; without a key, 401."""
    missing = served.call("", "GET", "/v2/alerts/none?identifierType=alias", headers=OPSGENIE)
    assert (missing.status, set(missing.body)) == (404, {"message", "took", "requestId"})
    assert served.call("", "GET", "/v2/alerts/requests/none", headers=OPSGENIE).status == 404
    assert served.call("", "GET", "/v2/alerts").status == 401
