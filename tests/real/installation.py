"""A Tocsin to prove: `tocsin serve` as its own process, applied with one door for each kind of sender."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fakes import certificates
from fakes.http import HttpSink, Received
from fakes.smtp import ReceivedMail, SmtpSink
from real.programs import Program, eventually, free_port, own_environment

ADMIN = "ann@real.example"
WEBHOOK_SECRET = "whsec_VGhpcyBzZWNyZXQgaXMgb25seSBmb3IgdGVzdHMhIQ=="
SMTP_LOGIN = ("tocsin", "mail-password-1")
START_S = 30.0
VERBS = """
import json, sys
from tocsin.cli import app
for arguments in json.loads(sys.argv[1]):
    try:
        app.main(arguments)
    except SystemExit as ended:
        if ended.code:
            raise
"""
PAGE_S = 20.0
SERVICES = ("events", "limited", "alertmanager", "prometheus", "opsgenie", "mail", "beats", "odds", "fuzz")
POLICY_OF = {"mail": "mail", "odds": "zoe", "fuzz": "zoe"}  # the others: ann
KEYS = {
    name: f"{number:02d}{name.replace('-', '')}".ljust(32, "0")
    for number, name in enumerate(
        [
            *("events", "limited", "odds-events", "fuzz-events", "mail-events"),
            *("am-path", "am-bearer", "am-basic", "am-events", "am-opsgenie", "odds-alertmanager", "fuzz-alertmanager"),
            *("prom-prefix", "prom-bearer", "prom-basic", "amtool", "odds-prometheus", "fuzz-prometheus"),
            *("opsgenie", "fuzz-opsgenie", "fuzz-grafana", "odds-generic", "fuzz-generic"),
            *("beat", "odds-beat", "fuzz-heartbeat", "fuzz-uptime-kuma", "fuzz-datadog", "fuzz-sentry"),
        ]
    )
}
_INTEGRATIONS = f"""
  events: {{service: events, source: pagerduty, key: {KEYS["events"]}}}
  limited: {{service: limited, source: pagerduty, key: {KEYS["limited"]}, rate_limit: 2/s}}
  mail-events: {{service: mail, source: pagerduty, key: {KEYS["mail-events"]}}}
  am-path: {{service: alertmanager, source: alertmanager, key: {KEYS["am-path"]}, group_by: [alertname]}}
  am-bearer: {{service: alertmanager, source: alertmanager, key: {KEYS["am-bearer"]}}}
  am-basic: {{service: alertmanager, source: alertmanager, key: {KEYS["am-basic"]}}}
  am-events: {{service: alertmanager, source: pagerduty, key: {KEYS["am-events"]}}}
  am-opsgenie: {{service: alertmanager, source: opsgenie, key: {KEYS["am-opsgenie"]}}}
  prom-prefix: {{service: prometheus, source: prometheus, key: {KEYS["prom-prefix"]}}}
  prom-bearer: {{service: prometheus, source: prometheus, key: {KEYS["prom-bearer"]}}}
  prom-basic: {{service: prometheus, source: prometheus, key: {KEYS["prom-basic"]}}}
  amtool: {{service: prometheus, source: prometheus, key: {KEYS["amtool"]}}}
  opsgenie: {{service: opsgenie, source: opsgenie, key: {KEYS["opsgenie"]}}}
  beat: {{service: beats, source: heartbeat, key: {KEYS["beat"]}, every: 1h}}
  odds-events: {{service: odds, source: pagerduty, key: {KEYS["odds-events"]}}}
  odds-alertmanager: {{service: odds, source: alertmanager, key: {KEYS["odds-alertmanager"]}, group_by: [alertname]}}
  odds-prometheus: {{service: odds, source: prometheus, key: {KEYS["odds-prometheus"]}}}
  odds-generic: {{service: odds, source: generic, key: {KEYS["odds-generic"]}}}
  odds-beat: {{service: odds, source: heartbeat, key: {KEYS["odds-beat"]}, every: 1h}}
  fuzz-events: {{service: fuzz, source: pagerduty, key: {KEYS["fuzz-events"]}}}
  fuzz-alertmanager: {{service: fuzz, source: alertmanager, key: {KEYS["fuzz-alertmanager"]}}}
  fuzz-prometheus: {{service: fuzz, source: prometheus, key: {KEYS["fuzz-prometheus"]}}}
  fuzz-opsgenie: {{service: fuzz, source: opsgenie, key: {KEYS["fuzz-opsgenie"]}}}
  fuzz-grafana: {{service: fuzz, source: grafana, key: {KEYS["fuzz-grafana"]}}}
  fuzz-generic: {{service: fuzz, source: generic, key: {KEYS["fuzz-generic"]}}}
  fuzz-heartbeat: {{service: fuzz, source: heartbeat, key: {KEYS["fuzz-heartbeat"]}, every: 1h}}
  fuzz-uptime-kuma: {{service: fuzz, source: uptime-kuma, key: {KEYS["fuzz-uptime-kuma"]}}}
  fuzz-datadog: {{service: fuzz, source: datadog, key: {KEYS["fuzz-datadog"]}}}
  fuzz-sentry: {{service: fuzz, source: sentry, key: {KEYS["fuzz-sentry"]}}}
"""


def configuration(hook: str) -> str:
    """Ann is paged by signed webhook, Bob by an unsigned one, Mia by mail; odds and fuzz fill only Zoe's inbox."""
    services = "\n".join(
        f"  {name}: {{name: {name.capitalize()}, team: real, policy: {POLICY_OF.get(name, 'ann')}, storm: off}}"
        for name in SERVICES
    )
    return f"""
tocsin: 1
people:
  ann: {{name: Ann Lee, email: {ADMIN}, role: admin, contacts: {{hook: {{webhook: {hook}/ann, secret: {WEBHOOK_SECRET}}}}}}}
  bob: {{name: Bob Ortiz, email: bob@real.example, contacts: {{hook: {{webhook: {hook}/bob}}}}}}
  mia: {{name: Mia Weiß, email: mia@real.example, contacts: {{mail: {{email: mia@real.example}}}}}}
  zoe: {{name: Zoe Quiet, email: zoe@real.example, contacts: {{inbox: {{inbox: true}}}}}}
teams: {{real: {{name: Real, members: [ann, bob, mia, zoe]}}}}
services:
{services}
policies:
  ann: {{name: Ann, steps: [{{page: [person:ann], wait: 1h}}]}}
  zoe: {{name: Zoe, steps: [{{page: [person:zoe], wait: 1h}}]}}
  mail: {{name: Mail, steps: [{{page: [person:mia, person:bob], wait: 1h}}]}}
integrations:
{_INTEGRATIONS}"""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What an address said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(kw_only=True)
class Installation:
    """A server and the world around it."""

    port: int
    environment: Mapping[str, str]
    log: Path
    hooks: HttpSink
    mails: SmtpSink
    program: Program | None = None
    admin: str = ADMIN
    password: str = ""
    token: str = ""

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        command = [sys.executable, "-m", "tocsin", "serve", "--port", str(self.port)]
        self.program = Program(command, self.log, self.environment)
        self.program.wait_for(lambda: self.call("/-/ready").status == 200, START_S)

    def stop(self) -> None:
        """Stop the server as an operator does."""
        if self.program is not None:
            self.program.stop()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def call(
        self, path: str, body: bytes | None = None, *, method: str = "", headers: Mapping[str, str] | None = None
    ) -> Answered:
        """One request, whatever its answer."""
        sent = urllib.request.Request(
            self.url + path,
            data=body,
            method=method or ("GET" if body is None else "POST"),
            headers=dict(headers or {}),
        )
        try:
            with urllib.request.urlopen(sent, timeout=10) as answer:
                return Answered(status=answer.status, headers=dict(answer.headers), body=answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answered(status=error.code, headers=dict(error.headers), body=error.read())

    def api(self, path: str) -> Any:
        """What the API says, as Ann."""
        answered = self.call(f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.token}"})
        assert answered.status == 200, answered
        return answered.json()

    def groups(self, integration: str, title: str = "") -> list[dict[str, Any]]:
        """This integration's groups whose title holds these words, newest first."""
        asked = urllib.parse.urlencode({"q": title, "limit": 200})
        return [one for one in self.api(f"groups?{asked}")["groups"] if one["integration"] == integration]

    def group(self, integration: str, title: str = "", *, status: str = "open", within_s: float = PAGE_S) -> Any:
        """The one group of this integration and title, with its alerts, once it has this status."""

        def look() -> Any:
            found = self.groups(integration, title)
            assert len(found) <= 1, found
            return self.api(f"groups/{found[0]['id']}") if found and found[0]["status"] == status else None

        return eventually(look, f"a group {title!r} of {integration} that is {status}", within_s)

    def told(self, person: str, reference: str, kind: str = "page") -> list[Received]:
        """The messages of this kind that this person's webhook got about this group."""
        return [
            one
            for one in list(self.hooks.requests)
            if one.path == f"/{person}"
            and one.json()["type"] == kind
            and any(entry["reference"] == reference for entry in one.json()["data"]["groups"])
        ]

    def wait_told(self, person: str, reference: str, kind: str = "page") -> Received:
        """The message of this kind about this group, once it has come."""
        return eventually(lambda: self.told(person, reference, kind), f"{kind} to {person} of {reference}", PAGE_S)[0]

    def wait_mail(self, to: str, words: str) -> ReceivedMail:
        """The mail to this address with these words in its subject, once it has come."""

        def look() -> list[ReceivedMail]:
            return [one for one in list(self.mails.mails) if to in one.recipients and words in one.message["Subject"]]

        return eventually(look, f"a mail to {to} with {words!r}", PAGE_S)[0]

    def metric(self, name: str) -> float:
        """One number of /metrics, summed over its labels."""
        lines = self.call("/metrics").body.decode().splitlines()
        found = [float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name]
        assert found, f"there is no metric {name}"
        return sum(found)

    def wait_absorbed(self, within_s: float = 30.0) -> None:
        """Until nothing accepted waits any more."""
        eventually(lambda: self.metric("tocsin_signals_backlog") == 0, "an empty backlog", within_s)

    def troubles(self) -> list[str]:
        """Lines of the server's log that no sender may ever cause; that it was not ready at first is none."""
        said = self.log.read_text().splitlines()
        return [one for one in said if ('"error"' in one or "Traceback" in one) and "/-/ready" not in one]


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[Installation]:
    """Start on an empty directory, apply, open Ann's account; stopped at the end."""
    tls = certificates.make()
    port = free_port()
    with HttpSink() as hooks, SmtpSink(starttls=tls.server_context(), login=SMTP_LOGIN) as mails:
        environment = own_environment() | {
            "TOCSIN_DATA": str(folder / "data"),
            "TOCSIN_BASE_URL": f"http://127.0.0.1:{port}",
            "TOCSIN_OUTBOUND_ALLOW": "127.0.0.0/8",
            "TOCSIN_SMTP_URL": f"{mails.url}?ca={tls.ca_file}",
            "TOCSIN_MAIL_FROM": "tocsin@real.example",
            "TOCSIN_LOG": "info",
        }
        written = folder / "real.yaml"
        written.write_text(configuration(hooks.url))
        made = Installation(port=port, environment=environment, log=folder / "tocsin.log", hooks=hooks, mails=mails)
        try:
            made.start()
            made.password, made.token = _set_up(environment, written)
            yield made
        finally:
            made.stop()


def _set_up(environment: Mapping[str, str], written: Path) -> tuple[str, str]:
    """Apply, open Ann's account, make her a token, and say her password and the token: three verbs in one process, because each start costs seconds."""
    verbs = [["apply", str(written)], ["user", "add", ADMIN], ["token", "create", "--user", ADMIN]]
    ended = subprocess.run(
        [sys.executable, "-c", VERBS, json.dumps(verbs)],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    password, token = ended.stdout.splitlines()[-2:]
    return password, token
