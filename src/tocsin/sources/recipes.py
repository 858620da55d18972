"""How each sender is set up: the very text to paste, with this installation's address and the integration's key.

One owner of these texts: the integration's page shows them, and each is tried by a test. A source without a recipe
cannot be added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a recipe is filled in with."""

    base_url: str  # without a slash at the end
    key: str
    name: str  # of the integration

    def address(self, source: str) -> str:
        """Tocsin's own address of this source, with the key in it."""
        return f"{self.base_url}/in/{source}/{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One way to set a sender up: what to do, and the text to paste."""

    title: str
    words: str
    code: str
    language: str = "yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One kind of sender as people look for it."""

    source: str
    sender: str
    about: str
    page: str  # of docs/howto, and where on it
    recipes: Callable[[Setup], tuple[Recipe, ...]]
    tool: str = ""  # whose own set-up it is, where the source is one that many tools speak
    mapping: Mapping[str, str] = field(default_factory=dict)  # what a new integration reads the tool's payload with

    @property
    def query(self) -> str:
        """How the choice of this sender is written into an address."""
        return urlencode({"source": self.source, **({"tool": self.tool} if self.tool else {})})


def _alertmanager(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="In alertmanager.yml",
            words="Add the receiver and make it the one of your route; then reload Alertmanager.",
            code=f"""route:
  receiver: tocsin
  group_by: [alertname, cluster]
  group_wait: 10s
  group_interval: 1m
  repeat_interval: 4h
receivers:
  - name: tocsin
    webhook_configs:
      - url: {setup.address("alertmanager")}
        send_resolved: true
""",
        ),
        Recipe(
            title="Try it",
            words="Adds an alert that fires for five minutes.",
            language="sh",
            code="amtool --alertmanager.url http://localhost:9093 alert add alertname=TocsinTest severity=critical"
            ' --annotation summary="A test of the way to Tocsin"\n',
        ),
    )


def _prometheus(setup: Setup) -> tuple[Recipe, ...]:
    parts = urlsplit(setup.base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return (
        Recipe(
            title="In prometheus.yml",
            words="Prometheus sends its alerts straight to Tocsin. It may stand beside an Alertmanager you have.",
            code=f"""alerting:
  alertmanagers:
    - scheme: {parts.scheme}
      authorization:
        type: Bearer
        credentials: {setup.key}
      static_configs:
        - targets: ["{parts.hostname}:{port}"]
""",
        ),
        Recipe(
            title="A rule to begin with",
            words="What people need to know stands in the annotations.",
            code="""groups:
  - name: example
    rules:
      - alert: TargetDown
        expr: up == 0
        for: 1m
        labels: {severity: critical}
        annotations:
          summary: "{{ $labels.instance }} does not answer"
""",
        ),
    )


def _grafana(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The contact point",
            words="In Grafana: Alerting, Contact points, Add, integration Webhook, method POST. Paste this as the URL, and"
            " make it the contact point of your notification policy.",
            language="text",
            code=f"{setup.address('grafana')}\n",
        ),
        Recipe(
            title="Or as a provisioning file",
            words="Put it into provisioning/alerting/ and restart Grafana.",
            code=f"""apiVersion: 1
contactPoints:
  - orgId: 1
    name: Tocsin
    receivers:
      - uid: tocsin
        type: webhook
        settings:
          url: {setup.address("grafana")}
          httpMethod: POST
        disableResolveMessage: false
""",
        ),
    )


def _pagerduty(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The address",
            words="Where the tool has a setting for the address of PagerDuty's Events API v2, give it this one.",
            language="text",
            code=f"{setup.base_url}/v2/enqueue\n",
        ),
        Recipe(
            title="The routing key",
            words="The tool may call it integration key.",
            language="text",
            code=f"{setup.key}\n",
        ),
        Recipe(
            title="A tool that lets you set only an address",
            words="The key is in it.",
            language="text",
            code=f"{setup.address('pagerduty')}/v2/enqueue\n",
        ),
        Recipe(
            title="Try it by hand",
            words="The same with event_action resolve ends it.",
            language="sh",
            code=f"""curl -d '{{"routing_key": "{setup.key}", "event_action": "trigger", "dedup_key": "tocsin-test", "payload": """
            f"""{{"summary": "A test of the way to Tocsin", "source": "me", "severity": "critical"}}}}' """
            f"""{setup.base_url}/v2/enqueue
""",
        ),
    )


def _opsgenie(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The address",
            words="Point the tool's API address here.",
            language="text",
            code=f"{setup.base_url}\n",
        ),
        Recipe(
            title="The API key",
            words="The tool sends it as it did before, as a GenieKey.",
            language="text",
            code=f"{setup.key}\n",
        ),
        Recipe(
            title="Alertmanager, speaking Opsgenie",
            words="",
            code=f"""receivers:
  - name: tocsin
    opsgenie_configs:
      - api_url: {setup.base_url}/
        api_key: {setup.key}
""",
        ),
        Recipe(
            title="Try it by hand",
            words="",
            language="sh",
            code=f"""curl -H 'Authorization: GenieKey {setup.key}' -H 'Content-Type: application/json' -d '{{"message": """
            f""""A test of the way to Tocsin", "alias": "tocsin-test", "priority": "P1"}}' {setup.base_url}/v2/alerts
""",
        ),
    )


DATADOG_PAYLOAD = """{
  "alert_id": "$ALERT_ID",
  "cycle": "$ALERT_CYCLE_KEY",
  "aggregate": "$AGGREG_KEY",
  "transition": "$ALERT_TRANSITION",
  "title": "$EVENT_TITLE",
  "body": "$TEXT_ONLY_MSG",
  "priority": "$ALERT_PRIORITY",
  "scope": "$ALERT_SCOPE",
  "tags": "$TAGS",
  "link": "$LINK",
  "snapshot": "$SNAPSHOT",
  "date": "$DATE",
  "hostname": "$HOSTNAME",
  "event_type": "$EVENT_TYPE",
  "org": "$ORG_NAME"
}
"""


def _datadog(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The webhook's URL",
            words="In Datadog: Integrations, Webhooks, New. Call it tocsin and paste this as its URL.",
            language="text",
            code=f"{setup.address('datadog')}\n",
        ),
        Recipe(title="Its payload", words="Paste it as it is.", language="json", code=DATADOG_PAYLOAD),
        Recipe(
            title="In each monitor's message",
            words="So that Datadog calls the webhook, when it begins and when it is over.",
            language="text",
            code="@webhook-tocsin\n",
        ),
    )


def _sentry(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The webhook's URL",
            words="In Sentry: Settings, Developer settings, New internal integration. Paste this as the webhook URL, switch"
            " on Alert rule action, and subscribe to issue. Sentry's client secret may be kept as this integration's"
            " secret, so that only Sentry's own requests count.",
            language="text",
            code=f"{setup.address('sentry')}\n",
        ),
        Recipe(
            title="In each alert rule",
            words="Choose this action.",
            language="text",
            code="Send a notification via an integration: Tocsin\n",
        ),
    )


def _uptime_kuma(setup: Setup) -> tuple[Recipe, ...]:
    return (
        Recipe(
            title="The notification",
            words="In Uptime Kuma: Settings, Notifications, Setup notification, type Webhook, request body application/json."
            " Paste this as the post URL, and switch on Default enabled.",
            language="text",
            code=f"{setup.address('uptime-kuma')}\n",
        ),
    )


def _heartbeat(setup: Setup) -> tuple[Recipe, ...]:
    address = setup.address("heartbeat")
    return (
        Recipe(
            title="At the end of the job",
            words="It is called only if the job went well; if it is not heard in time, somebody is paged.",
            language="sh",
            code=f"my-job && curl -fsS --retry 3 {address}\n",
        ),
        Recipe(
            title="When the job knows that it failed",
            words="Its last words become the alert's text.",
            language="sh",
            code=f"my-job 2>errors.txt || curl --data-binary @errors.txt {address}/fail\n",
        ),
        Recipe(
            title="In a crontab",
            words="",
            language="sh",
            code=f"0 3 * * * my-job && curl -fsS --retry 3 {address} >/dev/null\n",
        ),
    )


def _generic(setup: Setup) -> tuple[Recipe, ...]:
    address = setup.address("generic")
    return (
        Recipe(
            title="When something breaks",
            words="The same dedup_key is the same problem.",
            language="sh",
            code=f"""curl -H 'Content-Type: application/json' -d '{{"title": "Nobody can pay", "dedup_key": "pay", """
            f""""severity": "critical"}}' {address}
""",
        ),
        Recipe(
            title="When it is over",
            words="",
            language="sh",
            code=f"""curl -H 'Content-Type: application/json' -d '{{"dedup_key": "pay", "status": "resolved"}}' {address}
""",
        ),
        Recipe(
            title="A tool that lets you set a URL and nothing else",
            words="If its field names are its own, say below which of them is what.",
            language="text",
            code=f"{address}\n",
        ),
    )


_ALL = (
    Guide(
        source="prometheus",
        sender="Prometheus",
        about="Sends its alerts straight here, without an Alertmanager.",
        page="prometheus",
        recipes=_prometheus,
    ),
    Guide(
        source="alertmanager",
        sender="Alertmanager",
        about="Keeps its routing and grouping, and hands its groups over.",
        page="alertmanager",
        recipes=_alertmanager,
    ),
    Guide(
        source="grafana",
        sender="Grafana",
        about="Grafana's own alerting, through a webhook contact point.",
        page="grafana",
        recipes=_grafana,
    ),
    Guide(
        source="pagerduty",
        sender="A tool that speaks PagerDuty",
        about="Hundreds do: only the address changes, the key may stay.",
        page="pagerduty-senders",
        recipes=_pagerduty,
    ),
    Guide(
        source="opsgenie",
        sender="A tool that speaks Opsgenie",
        about="Creates and closes alerts by Opsgenie's API.",
        page="opsgenie-senders",
        recipes=_opsgenie,
    ),
    Guide(source="datadog", sender="Datadog", about="Monitors, through a webhook.", page="datadog", recipes=_datadog),
    Guide(
        source="sentry",
        sender="Sentry",
        about="Issues, issue alerts and metric alerts.",
        page="sentry",
        recipes=_sentry,
    ),
    Guide(
        source="uptime-kuma",
        sender="Uptime Kuma",
        about="Monitors going down and up, certificates that end.",
        page="uptime-kuma",
        recipes=_uptime_kuma,
    ),
    Guide(
        source="heartbeat",
        sender="Heartbeat",
        about="An alarm for what does not happen: a backup, a cron job.",
        page="heartbeats",
        recipes=_heartbeat,
    ),
    Guide(
        source="generic",
        sender="Anything that posts JSON",
        about="A script of yours, or a tool with a webhook.",
        page="generic-json",
        recipes=_generic,
    ),
)
GUIDES: Mapping[str, Guide] = {one.source: one for one in _ALL}
