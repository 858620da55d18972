"""Each sender set up as its page says: what it documents that it sends opens an alert, and its recovery ends it.

Only what stands on the page is used: the configuration, the address, the template to paste. The payloads are in the
shape that each sender documents, trimmed, with names of our own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tocsin.alerts.domain import Group, GroupStatus
from world import World
from written import SECRET, address, blocks, set_up


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request of a sender, without its address."""

    body: object
    headers: Mapping[str, str] = field(default_factory=dict)
    tail: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What a sender sends when it begins and when it is over, and what people read."""

    page: str
    integration: str
    opens: Callable[[str], Sent]
    ends: Callable[[str], Sent]
    title: str
    severity: str = "critical"


def _filled(written: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        written = re.sub(rf"\${name}\$|\${name}\b|\*{name}\*|\[{name}\]", lambda _, value=value: value, written)
    return written


def datadog(transition: str) -> Callable[[str], Sent]:
    """The payload of the page, with the variables as Datadog fills them in."""

    def sent(text: str) -> Sent:
        values = {
            "ALERT_ID": "1234567",
            "ALERT_CYCLE_KEY": "9876543210",
            "AGGREG_KEY": "9bd4ac313a4d1e8f",
            "ALERT_TRANSITION": transition,
            "EVENT_TITLE": f"[{transition} on {{host:web-1}}] CPU is high",
            "TEXT_ONLY_MSG": "CPU is at 97 %. @webhook-tocsin",
            "ALERT_PRIORITY": "P2",
            "ALERT_SCOPE": "host:web-1",
            "TAGS": "env:prod,host:web-1,monitor",
            "LINK": "https://app.datadog.example/monitors/1234567",
            "DATE": "1767323045000",
            "HOSTNAME": "web-1",
            "EVENT_TYPE": "query_alert_monitor",
            "ORG_NAME": "Acme",
        }  # SNAPSHOT is left as it stands: a monitor without a picture
        (written,) = blocks(text, "json")
        return Sent(body=json.loads(_filled(written, values)))

    return sent


def sentry(resource: str, action: str, **said: Any) -> Callable[[str], Sent]:
    """A webhook of an internal integration, signed with its client secret."""

    def sent(_: str) -> Sent:
        actor = {"type": "application", "id": "sentry", "name": "Sentry"}
        body = json.dumps({"action": action, "actor": actor, "data": said, "installation": {"uuid": "a8e5"}}).encode()
        signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Sent(body=body, headers={"sentry-hook-resource": resource, "sentry-hook-signature": signed})

    return sent


_EVENT = {
    "event_id": "e4874d66",
    "title": "TypeError: price is undefined",
    "level": "error",
    "culprit": "cart.total",
    "issue_id": "4711",
    "web_url": "https://sentry.example/issues/4711/events/e4874d66/",
    "project": 1,
    "tags": [["environment", "prod"]],
    "datetime": "2026-01-02T03:04:05.000000Z",
}
_ISSUE = {
    "id": "4711",
    "title": "TypeError: price is undefined",
    "level": "error",
    "status": "unresolved",
    "project": {"id": "1", "name": "shop", "slug": "shop"},
}
_METRIC = {"id": "77", "identifier": "12", "title": "Too many errors", "alert_rule": {"id": "5"}}


def kuma(status: int, words: str) -> Callable[[str], Sent]:
    """What the preset application/json posts."""
    heartbeat = {"monitorID": 7, "status": status, "time": "2026-01-02 03:04:05.678", "msg": words, "ping": None}
    monitor = {"id": 7, "name": "Checkout", "type": "http", "url": "https://shop.example", "tags": []}
    return lambda _: Sent(body={"heartbeat": heartbeat, "monitor": monitor, "msg": f"[Checkout] {words}"})


def zabbix(tail: str, **fields: Any) -> Callable[[str], Sent]:
    """What the media type Opsgenie does: it puts a slash behind the address it was given."""
    key = "1212121212121212aaaaaaaaaaaaaaaa"
    headers = {"authorization": f"GenieKey {key}", "content-type": "application/json"}
    return lambda _: Sent(body=fields, headers=headers, tail=f"/{tail}")


def nagios(state: str) -> Callable[[str], Sent]:
    """The command of the page with its macros filled in, as the form curl makes of it."""

    def sent(text: str) -> Sent:
        (written,) = blocks(text, "text")
        values = {
            "SERVICEDESC": "Disk",
            "HOSTNAME": "db1",
            "SERVICESTATE": state,
            "SERVICEOUTPUT": f"DISK {state} - 3%",
        }
        command = shlex.split(_filled(written.splitlines()[2], values))
        form = [command[at + 1].split("=", 1) for at, word in enumerate(command) if word == "--data-urlencode"]
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return Sent(body=urlencode(dict(form)).encode(), headers=kind)

    return sent


def healthchecks(status: str) -> Callable[[str], Sent]:
    """The body of the page with Healthchecks' placeholders filled in."""

    def sent(text: str) -> Sent:
        values = {"NAME_JSON": '"Nightly \\"backup\\""', "CODE": "f618072a-7bde", "STATUS": status, "TAGS": "prod db", "NOW": "2026-01-02T03:04:05+00:00"}  # fmt: skip
        (written,) = blocks(text, "text")
        return Sent(body=json.loads(_filled(written, values)))

    return sent


def gatus(state: str) -> Callable[[str], Sent]:
    """The body of the page with Gatus's placeholders filled in."""

    def sent(text: str) -> Sent:
        values = {"ENDPOINT_NAME": "checkout", "ENDPOINT_GROUP": "shop", "ENDPOINT_URL": "https://shop.example", "ALERT_TRIGGERED_OR_RESOLVED": state}  # fmt: skip
        *_, written = blocks(text, "yaml")
        custom = yaml.safe_load(written)["alerting"]["custom"]
        return Sent(body=json.loads(_filled(custom["body"], values)), headers={"content-type": "application/json"})

    return sent


def uptimerobot(kind: str, words: str) -> Callable[[str], Sent]:
    """The POST value of the page with UptimeRobot's variables filled in."""

    def sent(text: str) -> Sent:
        values = {"monitorID": "778", "monitorFriendlyName": "Shop", "monitorURL": "https://shop.example", "alertType": kind, "alertTypeFriendlyName": words, "alertDetails": "HTTP 500"}  # fmt: skip
        (written,) = blocks(text, "json")
        return Sent(body=json.loads(_filled(written, values)))

    return sent


def newrelic(state: str, trigger: str) -> Callable[[str], Sent]:
    """The template that New Relic proposes, filled in."""
    body = {
        "id": "d1b1f3fd",
        "issueUrl": "https://one.newrelic.example/issues/d1b1f3fd",
        "title": "Memory used is above 90 %",
        "priority": "HIGH",
        "impactedEntities": ["checkout"],
        "state": state,
        "trigger": trigger,
        "createdAt": 1767323045000,
        "alertPolicyNames": ["Shop"],
        "workflowName": "Tocsin",
    }
    return lambda _: Sent(body=body)


def gcp(state: str) -> Callable[[str], Sent]:
    """Version 1.2 of the webhook's schema."""
    incident = {
        "incident_id": "0.lsnwib31sglo",
        "resource_name": "shop-1 VM Instance",
        "started_at": 1767323045,
        "ended_at": 1767323645 if state == "closed" else None,
        "policy_name": "CPU usage",
        "condition_name": "VM Instance - CPU usage",
        "url": "https://console.cloud.example/monitoring/alerting/incidents/0.lsnwib31sglo",
        "state": state,
        "severity": "Error",
        "summary": "CPU usage for shop-1 is above the threshold of 0.6.",
    }
    return lambda _: Sent(body={"incident": incident, "version": "1.2"})


def azure(condition: str) -> Callable[[str], Sent]:
    """The common alert schema."""
    essentials = {
        "alertId": "/subscriptions/1/providers/Microsoft.AlertsManagement/alerts/b9569717",
        "alertRule": "CPU of the shop",
        "severity": "Sev2",
        "signalType": "Metric",
        "monitorCondition": condition,
        "monitoringService": "Platform",
        "configurationItems": ["shop-1"],
        "firedDateTime": "2026-01-02T03:04:05.3713213Z",
        "description": "Above 90 %",
    }
    return lambda _: Sent(body={"schemaId": "azureMonitorCommonAlertSchema", "data": {"essentials": essentials}})


def cloudwatch(state: str) -> Callable[[str], Sent]:
    """An alarm by SNS with raw message delivery: only the message, as plain text."""
    alarm = {
        "AlarmName": "Queue is stuck",
        "AWSAccountId": "123456789012",
        "NewStateValue": state,
        "NewStateReason": "Threshold crossed",
        "StateChangeTime": "2026-01-02T03:04:05.811+0000",
        "AlarmArn": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:Queue",
        "Trigger": {"MetricName": "ApproximateAgeOfOldestMessage"},
    }
    return lambda _: Sent(body=json.dumps(alarm).encode(), headers={"content-type": "text/plain; charset=UTF-8"})


CASES = {
    "datadog": Case(page="datadog", integration="datadog", opens=datadog("Triggered"), ends=datadog("Recovered"), title="CPU is high", severity="high"),
    "sentry-issue": Case(page="sentry", integration="sentry", opens=sentry("event_alert", "triggered", event=_EVENT, triggered_rule="Shop"), ends=sentry("issue", "resolved", issue=_ISSUE), title="TypeError: price is undefined", severity="high"),
    "sentry-metric": Case(page="sentry", integration="sentry", opens=sentry("metric_alert", "warning", metric_alert=_METRIC, description_title="Warning: Too many errors"), ends=sentry("metric_alert", "resolved", metric_alert=_METRIC), title="Too many errors", severity="warning"),
    "uptime-kuma": Case(page="uptime-kuma", integration="kuma", opens=kuma(0, "connect ECONNREFUSED"), ends=kuma(1, "200 - OK"), title="Checkout: connect ECONNREFUSED"),
    "zabbix": Case(page="more-senders#Zabbix", integration="zabbix", opens=zabbix("", message="Problem: Disk is full", alias="99", priority="P2", source="Zabbix", tags=["host:db1"], details={"Zabbix server": "https://zabbix.example/"}), ends=zabbix("99/close?identifierType=alias", user="", note="Problem has been resolved"), title="Disk is full", severity="high"),
    "nagios": Case(page="more-senders#Nagios, Icinga, Checkmk and others with a notification script", integration="nagios", opens=nagios("CRITICAL"), ends=nagios("OK"), title="Disk on db1 is CRITICAL"),
    "nagios-warning": Case(page="more-senders#Nagios, Icinga, Checkmk and others with a notification script", integration="nagios", opens=nagios("WARNING"), ends=nagios("OK"), title="Disk on db1 is WARNING", severity="warning"),
    "healthchecks": Case(page="more-senders#Healthchecks", integration="healthchecks", opens=healthchecks("down"), ends=healthchecks("up"), title='Nightly "backup"'),
    "gatus": Case(page="more-senders#Gatus", integration="gatus", opens=gatus("TRIGGERED"), ends=gatus("RESOLVED"), title="checkout is down"),
    "uptimerobot": Case(page="more-senders#UptimeRobot", integration="uptimerobot", opens=uptimerobot("1", "Down"), ends=uptimerobot("2", "Up"), title="Shop is Down"),
    "newrelic": Case(page="more-senders#New Relic", integration="newrelic", opens=newrelic("ACTIVATED", "INCIDENT_ADDED"), ends=newrelic("CLOSED", "STATE_CHANGE"), title="Memory used is above 90 %", severity="high"),
    "gcp": Case(page="more-senders#Google Cloud Monitoring", integration="gcp", opens=gcp("open"), ends=gcp("closed"), title="CPU usage", severity="high"),
    "azure": Case(page="more-senders#Azure Monitor", integration="azure", opens=azure("Fired"), ends=azure("Resolved"), title="CPU of the shop", severity="warning"),
    "cloudwatch": Case(page="more-senders#Amazon CloudWatch", integration="cloudwatch", opens=cloudwatch("ALARM"), ends=cloudwatch("OK"), title="Queue is stuck"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_sender_set_up_as_its_page_says(world: World, name: str) -> None:
    """Its first request pages, with the title and severity it means; told again it pages nobody; its last ends it."""
    case = CASES[name]
    text = set_up(world, case.page, case.integration)
    post(world, text, case, case.opens(text))
    (group,) = _groups(world)
    assert (group.status, str(group.severity)) == (GroupStatus.OPEN, case.severity)
    assert case.title in group.title
    world.expect("ann", webhook=case.title).within("10s")
    post(world, text, case, case.opens(text))
    assert len(_groups(world)) == 1
    post(world, text, case, case.ends(text))
    (group,) = _groups(world)
    assert group.status is GroupStatus.RESOLVED


def test_an_issue_that_no_rule_chose_wakes_nobody(world: World) -> None:
    """Sentry tells of every new issue; with the page's route only what an alert rule sent opens a group."""
    case = CASES["sentry-issue"]
    text = set_up(world, case.page, case.integration)
    post(world, text, case, sentry("issue", "created", issue=_ISSUE)(text))
    assert _groups(world) == []
    post(world, text, case, case.opens(text))
    assert len(_groups(world)) == 1


def test_what_sentry_did_not_sign_is_refused(world: World) -> None:
    """With the client secret in its place, the key in the address is not enough."""
    case = CASES["sentry-issue"]
    text = set_up(world, case.page, case.integration)
    forged = case.opens(text)
    signed = {**forged.headers, "sentry-hook-signature": "0" * 64}
    assert world.post(address(text, world, case.integration), forged.body, signed) == 401
    assert _groups(world) == []


def test_sns_asks_before_it_sends(world: World) -> None:
    """The question is an alert with a link to open, not something that is lost."""
    case = CASES["cloudwatch"]
    text = set_up(world, case.page, case.integration)
    asked = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "165545c9",
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
        "Message": "You have chosen to subscribe to the topic …",
        "SubscribeURL": "https://sns.eu-west-1.amazonaws.example/?Action=ConfirmSubscription",
    }
    post(world, text, case, Sent(body=json.dumps(asked).encode(), headers={"content-type": "text/plain"}))
    (group,) = _groups(world)
    assert "SubscriptionConfirmation" in group.title


def test_an_acknowledgement_in_new_relic_counts(world: World) -> None:
    """Who takes an issue there has it here."""
    case = CASES["newrelic"]
    text = set_up(world, case.page, case.integration)
    post(world, text, case, case.opens(text))
    post(world, text, case, newrelic("ACTIVATED", "ISSUE_ACKNOWLEDGED")(text))
    (group,) = _groups(world)
    assert group.status is GroupStatus.ACKNOWLEDGED


def post(world: World, text: str, case: Case, sent: Sent) -> None:
    """Send it where the page says."""
    status = world.post(address(text, world, case.integration) + sent.tail, sent.body, sent.headers)
    assert status in (200, 202), status


def _groups(world: World) -> list[Group]:
    return world.groups()
