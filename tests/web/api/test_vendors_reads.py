"""The read addresses of Alertmanager's and Opsgenie's APIs."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from serving import CHECKOUT_KEY, CLUSTER_KEY, HELPDESK_KEY, Served
from tocsin.sources import identity

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
    assert served.call("", "GET", "/api/v2/alerts?active=false&filter=node%3Dn1", headers=bearer).body == []
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


def test_what_prometheus_sent_comes_back_as_it_was_sent(served: Served) -> None:
    """Its labels, annotations and address, and no label that Tocsin added; what was added can still be asked for."""
    sent: dict[str, Any] = {
        "labels": {"alertname": "TapeFull", "severity": "critical", "node": "t1"},
        "annotations": {"summary": "t1 is full", "runbook_url": "https://run.example/tape", "impact": "no backups"},
        "generatorURL": "https://prometheus.example/graph?g0",
    }
    bearer = {"Authorization": f"Bearer {CLUSTER_KEY}"}
    assert served.call("", "POST", "/api/v2/alerts", [sent], bearer).status == 200
    served.wait_for("/groups?q=t1+is+full", lambda body: body["groups"])
    for asked in ("alertname%3DTapeFull", "integration%3Dcluster-prometheus&filter=node%3Dt1"):
        (alert,) = served.call("", "GET", f"/api/v2/alerts?filter={asked}", headers=bearer).body
        assert {name: alert[name] for name in sent} == sent
        assert alert["fingerprint"] == identity.fingerprint(sent["labels"])


def test_alertmanagers_other_addresses_answer_its_clients(served: Served) -> None:
    """Groups, receivers and silences have its shapes, by key or behind it; of silences only those that concern the key."""
    named = {"labels": {"alertname": "RackHot", "rack": "r1"}, "annotations": {"summary": "r1 is hot"}}
    bearer = {"Authorization": f"Bearer {CLUSTER_KEY}"}
    for matcher in ('alertname="RackHot"', 'alertname="NobodySendsThis"'):
        asked = {"matchers": [matcher], "for": "2h", "comment": "between us"}
        made = served.api("ann", "POST", "/silences", asked)
        assert made.status == 201, made
    served.call("", "POST", "/api/v2/alerts", [named], bearer)
    served.wait_for("/groups?q=r1+is+hot", lambda body: body["groups"])
    for prefix, headers in (("/api/v2", bearer), (f"/in/prometheus/{CLUSTER_KEY}/api/v2", {})):

        def ask(path: str, prefix: str = prefix, headers: dict[str, str] = headers) -> Any:
            return served.call("", "GET", f"{prefix}/{path}", headers=headers)

        (group,) = ask("alerts/groups?filter=rack%3Dr1").body
        (alert,) = group["alerts"]
        assert (group["receiver"], alert["labels"]["rack"]) == ({"name": "cluster-prometheus"}, "r1")
        assert ask("receivers").body == [{"name": "cluster-prometheus"}]
        (silence,) = ask("silences").body
        assert alert["status"]["silencedBy"] == [silence["id"]]
        assert silence["status"] == {"state": "active"}
        assert silence["matchers"] == [{"name": "alertname", "value": "RackHot", "isRegex": False, "isEqual": True}]
        assert "between us" not in str(silence)
        assert ask(f"silence/{silence['id']}").body == silence
        assert ask("silence/999999").status == 404
        assert served.call("", "GET", "/api/v2/silences").status == 401
    told = served.call("", "POST", "/api/v2/silences", {}, bearer)
    assert (told.status, "made and ended in Tocsin" in told.body) == (400, True)
    assert served.call("", "DELETE", f"/api/v2/silence/{silence['id']}", headers=bearer).status == 404


def test_a_query_that_is_not_understood_is_refused(served: Served) -> None:
    """Opsgenie's search with blanks and AND is read; a term nobody here knows is 422, never another question's answer."""
    for alias, priority in (("find/1", "P1"), ("find/2", "P5")):
        sent = {"message": f"found {alias}", "alias": alias, "priority": priority}
        served.call("", "POST", "/v2/alerts", sent, OPSGENIE)
    served.wait_for("/groups?q=found+find", lambda body: len(body["groups"]) == 2)

    def ask(query: str) -> Any:
        return served.call("", "GET", "/v2/alerts?query=" + quote(query), headers=OPSGENIE)

    for query in ("status: open AND alias: find/1", 'alias="find/1"', "priority:P1 and alias:find/1"):
        assert [one["alias"] for one in ask(query).body["data"]] == ["find/1"], query
    for query in ("message: found", "water", "NOT status:open", "status:ajar", "createdAt>1"):
        refused = ask(query)
        assert (refused.status, set(refused.body)) == (422, {"message", "errors", "took", "requestId"}), query
    assert served.call("", "GET", "/v2/alerts/count?query=water", headers=OPSGENIE).status == 422
    assert ask("status:open").headers["x-ratelimit-state"] == "OK"


def test_a_long_alias_is_itself(served: Served) -> None:
    """Two aliases that differ only behind the limit are two alerts, each found and closed by its whole name."""
    one, two = "L" * 600 + "1", "L" * 600 + "2"
    for alias in (one, two):
        served.call("", "POST", "/v2/alerts", {"message": "long alias", "alias": alias}, OPSGENIE)
    served.wait_for("/groups?q=long+alias", lambda body: len(body["groups"]) == 2)
    served.call("", "POST", f"/v2/alerts/{one}/close?identifierType=alias", {}, OPSGENIE)
    served.wait_for("/groups?q=long+alias&status=open", lambda body: len(body["groups"]) == 1)
    states = [
        served.call("", "GET", f"/v2/alerts/{alias}?identifierType=alias", headers=OPSGENIE).body["data"]["status"]
        for alias in (one, two)
    ]
    assert states == ["closed", "open"]


def test_an_address_only_programs_ask_for_is_missed_in_their_language(served: Served) -> None:
    """A wrong path of a vendor's API is told as JSON, whatever the method."""
    for method, path in (
        ("GET", "/v2/heartbeats"),
        ("POST", "/v2/enqueue/more"),
        ("POST", "/in/nobody/key"),
        ("POST", "/api/v2"),
    ):
        answer = served.call("", method, path, {} if method == "POST" else None)
        assert (answer.status, answer.body["title"]) == (404, "Not Found"), path


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


def test_a_write_by_its_number_is_told_of_by_the_alerts_own_name(served: Served) -> None:
    """What became of a write to `identifierType=tiny` names the alert, not the number it was asked for by."""
    served.call("", "POST", "/v2/alerts", {"message": "lift is stuck", "alias": "lift"}, OPSGENIE)
    served.wait_for("/groups?q=lift+is+stuck", lambda body: body["groups"])
    alert = served.call("", "GET", "/v2/alerts/lift?identifierType=alias", headers=OPSGENIE).body["data"]
    path = f"/v2/alerts/{alert['tinyId']}/acknowledge?identifierType=tiny"
    asked = served.call("", "POST", path, {}, OPSGENIE).body["requestId"]
    served.wait_for("/groups?q=lift+is+stuck", lambda body: body["groups"][0]["status"] == "acknowledged")
    told = served.call("", "GET", f"/v2/alerts/requests/{asked}", headers=OPSGENIE).body["data"]
    assert (told["isSuccess"], told["alertId"], told["alias"]) == (True, "lift", "lift")


def test_creating_again_counts_and_closing_does_not(served: Served) -> None:
    """`count` is how often an alert was created and `lastOccurredAt` when last; a bare repeat changes nothing else."""
    path = "/v2/alerts/leak?identifierType=alias"
    whole = {"message": "roof leaks", "alias": "leak", "priority": "P1", "tags": ["floor:4"], "description": "a lot"}

    def seen(status: str, count: int) -> Any:
        served.wait_for(
            "/groups",
            lambda _: (
                (found := served.call("", "GET", path, headers=OPSGENIE)).status == 200
                and (found.body["data"]["status"], found.body["data"]["count"]) == (status, count)
            ),
        )
        return served.call("", "GET", path, headers=OPSGENIE).body["data"]

    served.call("", "POST", "/v2/alerts", whole, OPSGENIE)
    first = seen("open", 1)
    served.call("", "POST", "/v2/alerts", {"message": "roof leaks", "alias": "leak"}, OPSGENIE)
    again = seen("open", 2)
    for name in ("priority", "tags", "description", "details"):
        assert again[name] == first[name], name
    assert again["priority"] == "P1"
    served.call("", "POST", "/v2/alerts/leak/close?identifierType=alias", {}, OPSGENIE)
    assert seen("closed", 2)["lastOccurredAt"] == again["lastOccurredAt"]


def test_what_is_not_theirs_is_not_there(served: Served) -> None:
    """Unknown alerts and requests are 404 in Opsgenie's shape; without a key, 401."""
    missing = served.call("", "GET", "/v2/alerts/none?identifierType=alias", headers=OPSGENIE)
    assert (missing.status, set(missing.body)) == (404, {"message", "took", "requestId"})
    assert served.call("", "GET", "/v2/alerts/requests/none", headers=OPSGENIE).status == 404
    assert served.call("", "GET", "/v2/alerts").status == 401
