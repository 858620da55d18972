"""Tools that speak a source somebody else named, or post JSON of their own: each set up like a source of its own. Pure.

A tool adds nothing to how signals are read: it is a mapping that is written into the document once, and the texts to
paste. Whoever changes the mapping afterwards has changed it. The same tools stand in docs/howto/more-senders.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from tocsin.sources.recipes import GUIDES, Guide, Recipe, Setup

PAGE = "more-senders"


def guide_of(source: str, tool: str) -> Guide | None:
    """How a sender is set up: by its tool if it has one, else by its source; None if nothing reads it yet."""
    return TOOLS.get(tool) or GUIDES.get(source)


def tool_sample(tool: str, title: str, key: str) -> bytes:
    """A problem of this title and key as the tool would tell it; empty if it tells it as its source does."""
    made = _SAMPLES.get(tool)
    return json.dumps(made(title, key)).encode() if made is not None else b""


def _address(words: str) -> Callable[[Setup], tuple[Recipe, ...]]:
    """Nothing but Tocsin's address, and where it goes."""

    def recipes(setup: Setup) -> tuple[Recipe, ...]:
        return (Recipe(title="The webhook's URL", words=words, language="text", code=f"{setup.address('generic')}\n"),)

    return recipes


def _zabbix(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The media type",
            words="Zabbix brings one for Opsgenie, which Tocsin understands. In Zabbix: Alerts, Media types, Opsgenie; set"
            " these parameters and enable it.",
            language="text",
            code=f"opsgenie_api    {setup.base_url}/v2/alerts\n"
            f"opsgenie_token  {setup.key}\n"
            f"opsgenie_web    {setup.base_url}\n",
        ),
        Recipe(
            title="The global macro",
            words="Set it to the address of Zabbix itself. Then give a user this media (Send to: anything), and add an"
            " action with operations, recovery operations and update operations for this user.",
            language="text",
            code="{$ZABBIX.URL}\n",
        ),
    )


def _nagios_command(name: str, address: str, fields: Mapping[str, str]) -> str:
    sent = " ".join(f'--data-urlencode "{field}={value}"' for field, value in fields.items())
    return f"define command {{\n  command_name  {name}\n  command_line  /usr/bin/curl -fsS --retry 3 {address} {sent}\n}}\n"


def _nagios(setup: Setup) -> tuple[Recipe, ...]:
    address = setup.address("generic")
    service = {
        "title": "$SERVICEDESC$ on $HOSTNAME$ is $SERVICESTATE$",
        "dedup_key": "$HOSTNAME$/$SERVICEDESC$",
        "status": "$SERVICESTATE$",
        "severity": "$SERVICESTATE$",
        "description": "$SERVICEOUTPUT$",
        "host": "$HOSTNAME$",
    }
    host = {
        "title": "$HOSTNAME$ is $HOSTSTATE$",
        "dedup_key": "$HOSTNAME$",
        "status": "$HOSTSTATE$",
        "severity": "critical",
        "description": "$HOSTOUTPUT$",
        "host": "$HOSTNAME$",
    }
    return (
        Recipe(
            title="The commands",
            words="Give a contact both of them. In Icinga 2 and Checkmk a notification script holds the same line with"
            " $service.state$ and $NOTIFY_SERVICESTATE. OK and UP end the alert.",
            language="text",
            code=_nagios_command("notify-tocsin-service", address, service)
            + _nagios_command("notify-tocsin-host", address, host),
        ),
    )


def _healthchecks(setup: Setup) -> tuple[Recipe, ...]:
    address = _address(
        "In Healthchecks: Integrations, Webhook. For down and for up alike: method POST, this URL, and the request header"
        " Content-Type: application/json."
    )
    return (
        *address(setup),
        Recipe(
            title="Its request body",
            words="For both, too.",
            language="text",
            code='{"title": $NAME_JSON, "dedup_key": "$CODE", "status": "$STATUS", "severity": "critical", "tags": "$TAGS",'
            ' "started_at": "$NOW"}\n',
        ),
    )


def _gatus(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="In Gatus's configuration",
            words="And alerts: [{type: custom}] at each endpoint.",
            code=f"""alerting:
  custom:
    url: {setup.address("generic")}
    method: POST
    headers: {{Content-Type: application/json}}
    body: |
      {{"title": "[ENDPOINT_NAME] is down", "dedup_key": "[ENDPOINT_GROUP]/[ENDPOINT_NAME]", "status": "[ALERT_TRIGGERED_OR_RESOLVED]",
       "severity": "critical", "group": "[ENDPOINT_GROUP]", "url": "[ENDPOINT_URL]"}}
    default-alert:
      failure-threshold: 3
      success-threshold: 2
      send-on-resolved: true
""",
        ),
    )


UPTIMEROBOT_VALUE = (
    '{"monitor": "*monitorID*", "name": "*monitorFriendlyName*", "link": "*monitorURL*", "type": "*alertType*",'
    ' "state": "*alertTypeFriendlyName*", "why": "*alertDetails*"}\n'
)


def _uptimerobot(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The URL to notify",
            words="In UptimeRobot: Integrations, Webhook. Switch on Send as JSON.",
            language="text",
            code=f"{setup.address('generic')}\n",
        ),
        Recipe(title="Its POST value", words="Paste it as it is.", language="json", code=UPTIMEROBOT_VALUE),
    )


_ALL = (
    Guide(
        source="opsgenie",
        tool="zabbix",
        sender="Zabbix",
        about="Problems, recoveries, acknowledgements and comments.",
        page=f"{PAGE}#zabbix",
        recipes=_zabbix,
    ),
    Guide(
        source="generic",
        tool="nagios",
        sender="Nagios, Icinga, Checkmk",
        about="By a notification command.",
        page=f"{PAGE}#nagios-icinga-checkmk-and-others-with-a-notification-script",
        recipes=_nagios,
    ),
    Guide(
        source="generic",
        tool="cloudwatch",
        sender="Amazon CloudWatch",
        about="Alarms, through an SNS topic.",
        page=f"{PAGE}#amazon-cloudwatch",
        recipes=_address(
            "An alarm tells an SNS topic, both for In alarm and for OK. Add a subscription to the topic: protocol HTTPS, this"
            " endpoint, Enable raw message delivery on. SNS asks first whether you want this: the question arrives as an"
            " alert called SubscriptionConfirmation. Open its link, and resolve it."
        ),
        mapping={
            "title": 'AlarmName | Type + ", see SubscribeURL"',
            "description": "NewStateReason | SubscribeURL",
            "dedup_key": "AlarmArn | TopicArn",
            "severity": '"critical"',
            "resolve_when": 'NewStateValue == "OK"',
            "started_at": "StateChangeTime",
            "link": "SubscribeURL",
            "labels.account": "AWSAccountId",
            "labels.metric": "Trigger.MetricName",
        },
    ),
    Guide(
        source="generic",
        tool="gcp",
        sender="Google Cloud Monitoring",
        about="Incidents, through a webhook channel.",
        page=f"{PAGE}#google-cloud-monitoring",
        recipes=_address(
            "In Google Cloud: Alerting, Edit notification channels, Webhooks, Add new. Then choose the channel in each"
            " policy, and leave Notify on incident closure on."
        ),
        mapping={
            "title": "incident.policy_name",
            "description": "incident.summary",
            "dedup_key": "incident.incident_id",
            "severity": 'incident.severity {Critical: critical, Error: high, Warning: warning} | "critical"',
            "resolve_when": 'incident.state == "closed"',
            "link": "incident.url",
            "started_at": "incident.started_at",
            "labels.condition": "incident.condition_name",
            "labels.resource": "incident.resource_name",
        },
    ),
    Guide(
        source="generic",
        tool="azure",
        sender="Azure Monitor",
        about="Alerts, through an action group.",
        page=f"{PAGE}#azure-monitor",
        recipes=_address(
            "In Azure: Monitor, Alerts, Action groups. Action type Webhook, this URI, and Enable the common alert schema: Yes."
        ),
        mapping={
            "title": "data.essentials.alertRule",
            "description": "data.essentials.description",
            "dedup_key": "data.essentials.alertId",
            "severity": "data.essentials.severity {Sev0: critical, Sev1: high, Sev2: warning, Sev3: low, Sev4: info}",
            "resolve_when": 'data.essentials.monitorCondition == "Resolved"',
            "started_at": "data.essentials.firedDateTime",
            "labels.service_kind": "data.essentials.monitoringService",
            "labels.target": "data.essentials.configurationItems[0]",
        },
    ),
    Guide(
        source="generic",
        tool="newrelic",
        sender="New Relic",
        about="Issues, through a workflow.",
        page=f"{PAGE}#new-relic",
        recipes=_address(
            "In New Relic: Alerts, Destinations, Webhook, with this endpoint URL; then a workflow that notifies it. The"
            " template it proposes is what is read. Under Notify when leave Closed on."
        ),
        mapping={
            "title": "title",
            "dedup_key": "id",
            "severity": "priority {CRITICAL: critical, HIGH: high, MEDIUM: warning, LOW: low}",
            "resolve_when": 'state == "CLOSED"',
            "acknowledge_when": 'trigger == "ISSUE_ACKNOWLEDGED"',
            "link": "issueUrl",
        },
    ),
    Guide(
        source="generic",
        tool="uptimerobot",
        sender="UptimeRobot",
        about="Monitors going down and up.",
        page=f"{PAGE}#uptimerobot",
        recipes=_uptimerobot,
        mapping={
            "title": 'name + " is " + state',
            "dedup_key": "monitor",
            "severity": 'type {1: critical, 3: warning} | "critical"',
            "resolve_when": 'type == "2"',
            "description": "why",
        },
    ),
    Guide(
        source="generic",
        tool="healthchecks",
        sender="Healthchecks",
        about="Checks going down and up.",
        page=f"{PAGE}#healthchecks",
        recipes=_healthchecks,
    ),
    Guide(
        source="generic",
        tool="gatus",
        sender="Gatus",
        about="Endpoints, through a custom alert.",
        page=f"{PAGE}#gatus",
        recipes=_gatus,
    ),
)
TOOLS: Mapping[str, Guide] = {one.tool: one for one in _ALL}
_FOR_THE_REST = ("heartbeat", "generic")
ALL_SENDERS = (  # in the order in which people choose; what fits anything comes last
    *(one for one in GUIDES.values() if one.source not in _FOR_THE_REST),
    *_ALL,
    *(GUIDES[source] for source in _FOR_THE_REST),
)

_SAMPLES: Mapping[str, Callable[[str, str], object]] = {
    "cloudwatch": lambda title, key: {"AlarmName": title, "AlarmArn": key, "NewStateValue": "ALARM"},
    "gcp": lambda title, key: {
        "incident": {"policy_name": title, "incident_id": key, "severity": "Critical", "state": "open"},
        "version": "1.2",
    },
    "azure": lambda title, key: {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {"alertRule": title, "alertId": key, "severity": "Sev0", "monitorCondition": "Fired"},
        },
    },
    "newrelic": lambda title, key: {"title": title, "id": key, "priority": "CRITICAL", "state": "ACTIVATED"},
    "uptimerobot": lambda title, key: {"name": title, "monitor": key, "type": "1", "state": "Down", "why": ""},
}
