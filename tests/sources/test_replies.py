"""The answers vendors' clients depend on, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
from datetime import UTC, datetime

import msgspec
import pytest

from sources.cases import KEY, NOW
from tocsin.sources import opsgenie, pagerduty
from tocsin.sources.domain import Action, Reading, Refusal, RefusalKind, Request, Settings, Severity
from tocsin.sources.registry import SOURCES, Found, find

JSON_PARSE_ERROR = (
    b'{"status":"Unrecognized object","message":"Event object format is unrecognized","errors":["JSON parse error"]}'
)


def _send(path: str, body: object, headers: dict[str, str] | None = None, **more: object) -> Reading:
    method = str(more.get("method", "POST"))
    found = find(method, path)
    assert isinstance(found, Found)
    request = Request(
        method=method,
        path=path,
        query=str(more.get("query", "")),
        headers=headers or {},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        key=found.key,
        tail=found.tail,
    )
    settings = more.get("settings", Settings())
    assert isinstance(settings, Settings)
    return found.source.read(request, settings, NOW)


def _event(**changes: object) -> dict[str, object]:
    payload = {"summary": "s", "source": "h", "severity": "critical"}
    return {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d", "payload": payload, **changes}


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (_event(routing_key=None), "'routing_key' is missing or blank"),
        (_event(event_action=""), "'event_action' is missing or blank"),
        (_event(event_action="explode"), "'event_action' is invalid (must be one of the following: "),
        (_event(dedup_key="d" * 256), "'dedup_key' is too long (maximum is 255 characters)"),
        (_event(event_action="resolve", dedup_key=None), "'dedup_key' is missing or blank"),
        (_event(event_action="acknowledge", dedup_key=""), "'dedup_key' is missing or blank"),
        (_event(payload=None), "'payload' is missing or blank"),
        (_event(payload={"source": "h", "severity": "info"}), "'payload.summary' is missing or blank"),
        (_event(payload={"summary": "s", "severity": "info"}), "'payload.source' is missing or blank"),
        (_event(payload={"summary": "s", "source": "h"}), "'payload.severity' is missing or blank"),
        (_event(payload={"summary": "s", "source": "h", "severity": "fatal"}), "'payload.severity' is invalid"),
        (_event(payload={"summary": {}, "source": "h", "severity": "info"}), "'payload.summary' is missing or blank"),
    ],
)
def test_pagerduty_names_the_field_that_is_wrong(event: object, error: str) -> None:
    """A refused event gets PagerDuty's 400 with the field in it, and nothing is kept."""
    reading = _send("/v2/enqueue", event)
    answer = json.loads(reading.reply.body)
    assert reading.signals == ()
    assert reading.reply.status == 400
    assert (answer["status"], answer["message"]) == ("invalid event", "Event object is invalid")
    assert len(answer["errors"]) == 1
    assert answer["errors"][0].startswith(error)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 5000])
def test_pagerduty_says_json_parse_error_to_what_is_not_an_event(body: bytes) -> None:
    """Rubbish gets exactly the answer PagerDuty documents."""
    reading = _send("/v2/enqueue", body)
    assert (reading.reply.status, reading.reply.body) == (400, JSON_PARSE_ERROR)


def test_pagerduty_makes_a_dedup_key_once_per_trigger_without_one() -> None:
    """A trigger without a dedup_key is a problem of its own, and its sender is told the key."""
    first, second = (_send("/v2/enqueue", _event(dedup_key=None)) for _ in range(2))
    assert first.signals[0].dedup_key != second.signals[0].dedup_key
    assert json.loads(first.reply.body)["dedup_key"] == first.signals[0].dedup_key
    assert len(first.signals[0].dedup_key) == 32


@pytest.mark.parametrize("action", ["trigger", "Trigger", " TRIGGER "])
def test_pagerduty_reads_actions_in_any_case(action: str) -> None:
    """Senders that shout are heard."""
    assert _send("/v2/enqueue", _event(event_action=action)).signals[0].action is Action.TRIGGER


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        (RefusalKind.UNKNOWN_KEY, 400, "invalid event"),
        (RefusalKind.RATE_LIMITED, 429, "throttle exceeded"),
        (RefusalKind.TOO_LARGE, 413, "invalid event"),
        (RefusalKind.UNAVAILABLE, 503, "unavailable"),
    ],
)
def test_pagerduty_refusals_have_its_shape(kind: RefusalKind, status: int, word: str) -> None:
    """Each refusal has status, message and errors, as PagerDuty's clients expect."""
    request = Request(method="POST", path="/v2/enqueue", tail="/v2/enqueue", body=json.dumps(_event()).encode())
    reply = pagerduty.refuse(request, Refusal(kind=kind))
    answer = json.loads(reply.body)
    assert (reply.status, answer["status"]) == (status, word)
    assert set(answer) == {"status", "message", "errors"}


def test_pagerduty_tells_a_key_of_the_wrong_length_by_its_own_words() -> None:
    """The commonest mistake, another kind of key, is named as PagerDuty names it."""
    request = Request(method="POST", path="/v2/enqueue", body=b'{"routing_key":"short"}')
    reply = pagerduty.refuse(request, Refusal(kind=RefusalKind.UNKNOWN_KEY))
    assert json.loads(reply.body)["errors"] == ["Length of 'routing_key' is incorrect (should be 32 characters)"]


def test_prometheus_answers_as_alertmanager_does() -> None:
    """200 with nothing when all alerts were valid, a JSON string of what was wrong when some were not."""
    good, bad = {"labels": {"alertname": "a"}}, {"labels": {"": "b"}}
    fine = _send("/api/v2/alerts", [good])
    assert (fine.reply.status, fine.reply.body) == (200, b"")
    mixed = _send("/api/v2/alerts", [bad, good, {"labels": {"x": ""}}])
    assert (mixed.reply.status, len(mixed.signals)) == (400, 1)
    assert mixed.reply.body == b'"invalid label set: invalid name \\"\\"; at least one label pair required"'
    nothing = _send("/api/v2/alerts", [])
    assert (nothing.reply.status, nothing.signals) == (200, ())


@pytest.mark.parametrize(
    ("times", "action", "expires"),
    [
        ({}, Action.TRIGGER, "03:09:05"),
        ({"startsAt": "2026-01-02T03:00:00Z"}, Action.TRIGGER, "03:09:05"),
        ({"endsAt": "2026-01-02T03:05:00Z"}, Action.TRIGGER, "03:05:00"),
        ({"endsAt": "2026-01-02T03:04:05Z"}, Action.RESOLVE, None),
        ({"endsAt": "2026-01-02T03:00:00Z"}, Action.RESOLVE, None),
        ({"startsAt": "0001-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z"}, Action.TRIGGER, "03:09:05"),
    ],
)
def test_prometheus_alerts_fire_until_their_end(times: dict[str, str], action: Action, expires: str | None) -> None:
    """An end in the future fires until then, one in the past resolves, none means the resolve timeout."""
    [signal] = _send("/api/v2/alerts", [{"labels": {"alertname": "a"}, **times}]).signals
    assert signal.action is action
    assert (signal.expires_at.strftime("%H:%M:%S") if signal.expires_at else None) == expires


@pytest.mark.parametrize(
    ("method", "path", "body", "action"),
    [
        ("POST", "/v2/alerts/x/acknowledge", b"{}", Action.ACKNOWLEDGE),
        ("POST", "/v2/alerts/x/acknowledge", b"", Action.ACKNOWLEDGE),
        ("POST", "/v2/alerts/x/unacknowledge", b"{}", Action.UNACKNOWLEDGE),
        ("POST", "/v2/alerts/x/close", b"{}", Action.RESOLVE),
        ("DELETE", "/v2/alerts/x", b"", Action.RESOLVE),
        ("POST", "/v2/alerts/x/notes", b'{"note":"n"}', Action.NOTE),
        ("POST", "/v2/alerts/x/tags", b'{"tags":["a"]}', Action.NOTE),
        ("POST", "/v2/alerts/x/escalate", b'{"escalation":{"id":"e"}}', Action.NOTE),
        ("POST", "/v2/alerts/x/actions/Restart it", b"{}", Action.NOTE),
        ("PUT", "/v2/alerts/x/message", b'{"message":"m"}', Action.NOTE),
        ("PUT", "/v2/alerts/x/priority", b'{"priority":"P1"}', Action.NOTE),
        ("DELETE", "/v2/alerts/x/tags", b"", Action.NOTE),
        ("POST", "/v2/heartbeats/x/ping", b"", Action.PING),
        ("PUT", "/v2/heartbeats/x/ping", b"", Action.PING),
        ("GET", "/v2/heartbeats/x/ping", b"", Action.PING),
    ],
)
def test_every_opsgenie_write_is_a_signal(method: str, path: str, body: bytes, action: Action) -> None:
    """Each write is accepted with 202 and a request id, and says what was asked of which alert."""
    reading = _send(path, body, method=method, query="identifierType=alias")
    [signal] = reading.signals
    assert (signal.action, signal.dedup_key, reading.reply.status) == (action, "x", 202)
    answer = json.loads(reading.reply.body)
    assert dict(reading.reply.headers)["X-Request-ID"] == answer["requestId"] == reading.reference


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [(b"{", 400, None), (b"[]", 400, None), (b"{}", 422, "message"), (b'{"message":" "}', 422, "message")],
)
def test_opsgenie_errors_have_its_shape(body: bytes, status: int, field: str | None) -> None:
    """Bad JSON is 400 and a missing field 422, with message, took, requestId and the field's own error."""
    reply = _send("/v2/alerts", body).reply
    answer = json.loads(reply.body)
    assert reply.status == status
    assert {"message", "took", "requestId"} <= set(answer)
    assert list(answer.get("errors", {None: None})) == [field]


def test_opsgenie_refuses_an_unknown_key_with_401() -> None:
    """A wrong GenieKey is told so by the status its clients look at."""
    request = Request(method="POST", path="/v2/alerts", headers={"authorization": "GenieKey nope"})
    assert opsgenie.refuse(request, Refusal(kind=RefusalKind.UNKNOWN_KEY)).status == 401


def test_goalert_senders_move_by_changing_the_host() -> None:
    """GoAlert's form, with repeated meta fields and the action close, is read and answered with 204."""
    form = b"summary=Web+is+slow&details=p99&dedup=web&meta=region%3Deu&meta=tier%3D1&action=close"
    reading = _send(
        "/api/v2/generic/incoming",
        form,
        {"content-type": "application/x-www-form-urlencoded"},
        query=f"token={KEY}",
    )
    [signal] = reading.signals
    assert (reading.reply.status, reading.reply.body) == (204, b"")
    assert (signal.action, signal.title, signal.dedup_key) == (Action.RESOLVE, "Web is slow", "web")
    assert signal.labels["region"] == "eu"
    assert KEY not in signal.labels.values()


@pytest.mark.parametrize("field", ["token", "integrationKey", "integration_key", "key"])
@pytest.mark.parametrize("posted", [True, False], ids=["form", "query"])
def test_goalerts_key_is_found_in_each_of_its_fields(field: str, posted: bool) -> None:
    """GoAlert takes its token as a form's field too, by four names; the key then is no label of the alert."""
    found = find("POST", "/api/v2/generic/incoming")
    assert isinstance(found, Found)
    said, sent = f"{field}={KEY}", "summary=Web+is+slow"
    request = Request(
        method="POST",
        path="/api/v2/generic/incoming",
        query="" if posted else said,
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=(f"{said}&{sent}" if posted else sent).encode(),
        tail=found.tail,
    )
    assert found.source.key(request) == KEY
    [signal] = found.source.read(request, Settings(), NOW).signals
    assert signal.title == "Web is slow"
    assert KEY not in {**signal.labels, **signal.details}.values()


@pytest.mark.parametrize("source", ["pagerduty", "alertmanager", "prometheus", "grafana", "opsgenie", "generic"])
def test_who_compresses_is_told_so(source: str) -> None:
    """A compressed body is refused, and where the vendor's answer has room for words they name the reason."""
    path = f"/in/{source}/{KEY}" + ("/v2/alerts" if source == "opsgenie" else "")
    reply = _send(path, gzip.compress(b'{"title":"x"}')).reply
    assert reply.status == 400
    assert reply.body == JSON_PARSE_ERROR if source == "pagerduty" else b"compressed (gzip)" in reply.body


@pytest.mark.parametrize("source", ["alertmanager", "grafana"])
def test_a_resolve_tells_when_it_was_over(source: str) -> None:
    """The end travels with the resolve alone, and only beside a beginning by the same clock."""
    times = {"startsAt": "2026-01-02T01:00:00Z", "endsAt": "2026-01-02T02:00:00+01:00"}
    over = {"status": "resolved", "labels": {"alertname": "Disk"}, "fingerprint": "f1", **times}
    alerts = [
        over,
        {**over, "status": "firing"},
        {**over, "startsAt": None},
        {**over, "endsAt": "0001-01-01T00:00:00Z"},
    ]
    read = _send(f"/in/{source}/{KEY}", {"version": "4", "alerts": alerts}).signals
    assert [one.expires_at for one in read] == [datetime(2026, 1, 2, 1, tzinfo=UTC), None, None, None]


def test_grafanas_legacy_alerts_end_by_their_rule() -> None:
    """Before unified alerting the title named the state; the rule is what stays the same from firing to OK."""
    sent = {"ruleId": 7, "ruleName": "CPU", "ruleUrl": "https://g.example/d/1", "evalMatches": [], "message": "hot"}
    firing, over = (
        _send(f"/in/grafana/{KEY}", {"title": f"[{word}] CPU", "state": state, **sent}).signals[0]
        for word, state in (("Alerting", "alerting"), ("OK", "ok"))
    )
    assert (firing.action, over.action) == (Action.TRIGGER, Action.RESOLVE)
    assert firing.dedup_key == over.dedup_key == "7"
    assert firing.title == "[Alerting] CPU"


def test_pagerduty_reads_a_key_from_a_file_with_its_newline() -> None:
    """A routing key with white space around it, as `$(cat key)` or a secret's file leaves it, is the key."""
    for written in (f"{KEY}\n", f" {KEY} "):
        request = Request(method="POST", path="/v2/enqueue", body=json.dumps(_event(routing_key=written)).encode())
        assert pagerduty.key(request) == KEY


def test_pagerduty_takes_a_key_where_other_senders_put_it() -> None:
    """With a key in a header or the query the body needs none; one in the body counts more."""
    event = {"event_action": "trigger", "payload": {"summary": "s", "source": "h", "severity": "info"}}
    body = json.dumps(event).encode()
    both = json.dumps({**event, "routing_key": "its own"}).encode()
    for path in ("/v2/enqueue", "/v2/change/enqueue"):
        for headers, query in (
            ({"authorization": f"Bearer {KEY}"}, ""),
            ({"x-tocsin-key": KEY}, ""),
            ({}, f"token={KEY}"),
        ):
            request = Request(method="POST", path=path, tail=path, headers=headers, query=query, body=body)
            assert pagerduty.key(request) == KEY
            assert pagerduty.read(request, Settings(), NOW).reply.status == 202
            assert pagerduty.key(msgspec.structs.replace(request, body=both)) == "its own"


def test_pagerduty_links_that_break_the_schema_are_links_or_are_told() -> None:
    """One link without its list, or an address without its object, is kept; what goes beyond the limits is told."""
    alone = _send(
        "/v2/enqueue", _event(links={"href": "https://a.example", "text": "a"}, images="https://i.example/x.png")
    )
    assert [link.href for link in alone.signals[0].links] == ["https://a.example"]
    assert [image.src for image in alone.signals[0].images] == ["https://i.example/x.png"]
    listed = _send("/v2/enqueue", _event(links=["https://a.example", {"href": "https://b.example"}]))
    assert [link.href for link in listed.signals[0].links] == ["https://a.example", "https://b.example"]
    many = _send("/v2/enqueue", _event(links=[{"href": f"https://a.example/{at}"} for at in range(60)]))
    assert many.problems == ("links: only the first 50 of 60 were kept",)


def test_a_job_that_sends_its_whole_log_is_heard() -> None:
    """Megabytes of last words are taken, and the end of them is kept, where the error stands."""
    source = SOURCES["heartbeat"]
    assert source.body_bytes_max >= 5 * 1024 * 1024
    [signal] = _send(f"/in/heartbeat/{KEY}/fail", b"x" * 3_000_000 + b"\nfatal: no space\n").signals
    assert signal.description.startswith("…x")
    assert signal.description.endswith("fatal: no space")
    assert len(signal.description) == 25_000


def test_a_job_that_fails_is_named() -> None:
    """Whoever is woken by a job's own word reads which job it was."""
    [signal] = _send(f"/in/heartbeat/{KEY}/fail", b"", settings=Settings(name="nightly-backup")).signals
    assert signal.title == "nightly-backup reported a failure"


@pytest.mark.parametrize("source", ["alertmanager", "grafana"])
def test_an_alert_nobody_can_read_is_missed_beside_its_neighbours(source: str) -> None:
    """A group whose request held more than could be read says so; without a readable alert the request is refused."""
    readable = [{"status": "firing", "labels": {"alertname": name}} for name in "ab"]
    webhook = {"version": "4", "status": "firing", "truncatedAlerts": 3}
    path = f"/in/{source}/{KEY}"
    first, second = _send(path, {**webhook, "alerts": [5, *readable, {"status": "firing", "labels": {}}]}).signals
    assert (first.lost, second.lost) == (5, 0)
    assert _send(path, {"version": "4", "alerts": [5, {}]}).reply.status == 400
    assert [one.lost for one in _send(path, {"version": "4", "alerts": readable}).signals] == [0, 0]


def test_a_text_that_curl_calls_a_form_is_a_text() -> None:
    """`curl -d "Backup failed"` says that it posts a form; without a single field it is what it looks like."""
    as_form = {"content-type": "application/x-www-form-urlencoded"}
    [signal] = _send(f"/in/generic/{KEY}", b"Backup failed\ntar: error", as_form).signals
    assert (signal.title, signal.description) == ("Backup failed", "Backup failed\ntar: error")
    [signal] = _send(f"/in/generic/{KEY}", b"title=Backup+failed", as_form).signals
    assert signal.title == "Backup failed"


def test_plain_text_is_a_title_and_a_description() -> None:
    """A script that can only post text can page."""
    [signal] = _send(f"/in/generic/{KEY}", b"Backup failed\ntar: error", {"content-type": "text/plain"}).signals
    assert (signal.title, signal.description) == ("Backup failed", "Backup failed\ntar: error")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_compressed_text_is_refused(kind: str) -> None:
    """Nobody is woken by what no person can read: a body with zero bytes is no text, whatever its header says."""
    reading = _send(f"/in/generic/{KEY}", gzip.compress(b"Backup failed"), {"content-type": kind})
    assert (reading.reply.status, reading.signals) == (400, ())


def test_uptime_kuma_is_read_from_a_form_and_from_a_query() -> None:
    """Kuma's other encodings say the same as its JSON."""
    written = b'{"heartbeat":{"status":0,"msg":"down"},"monitor":{"id":7,"name":"Shop"},"msg":"m"}'
    form = b'--B\r\nContent-Disposition: form-data; name="data"\r\n\r\n' + written + b"\r\n--B--\r\n"
    plain = _send(f"/in/uptime-kuma/{KEY}", written)
    assert _send(f"/in/uptime-kuma/{KEY}", form, {"content-type": "multipart/form-data; boundary=B"}) == plain
    query = 'msg=m&heartbeat={"status":0,"msg":"down"}&monitor={"id":7,"name":"Shop"}'
    assert _send(f"/in/uptime-kuma/{KEY}", b"", method="GET", query=query) == plain


def test_sentry_signatures_are_checked_when_there_is_a_secret() -> None:
    """With a secret, only bodies signed with it are read; a forged one gets 401."""
    body = b'{"action":"created","data":{"issue":{"id":"1","title":"t"}}}'
    signed = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    settings = Settings(secret="s3cret")
    good = _send(f"/in/sentry/{KEY}", body, {"sentry-hook-signature": signed}, settings=settings)
    assert (good.reply.status, len(good.signals)) == (200, 1)
    for headers in ({}, {"sentry-hook-signature": "0" * 64}, {"sentry-hook-signature": "ü"}):
        forged = _send(f"/in/sentry/{KEY}", body, headers, settings=settings)
        assert (forged.reply.status, forged.signals) == (401, ())


@pytest.mark.parametrize("at", ["", "1767323045"])
def test_grafana_signatures_are_checked_when_there_is_a_secret(at: str) -> None:
    """With a secret, only bodies signed with it are read, with a timestamp or without; a forged one gets 401."""
    body = b'{"alerts":[{"status":"firing","labels":{"alertname":"a"}}]}'
    signed = hmac.new(b"s3cret", f"{at}:".encode() + body if at else body, hashlib.sha256).hexdigest()
    settings = Settings(secret="s3cret")
    timed = {"x-grafana-alerting-timestamp": at} if at else {}
    good = _send(f"/in/grafana/{KEY}", body, {"x-grafana-alerting-signature": signed, **timed}, settings=settings)
    assert (good.reply.status, len(good.signals)) == (200, 1)
    for forged in ("", "0" * 64, "ü", signed[:-1]):
        refused = _send(
            f"/in/grafana/{KEY}", body, {"x-grafana-alerting-signature": forged, **timed}, settings=settings
        )
        assert (refused.reply.status, refused.signals) == (401, ())


def test_the_integration_says_how_bad_what_says_nothing_is() -> None:
    """A payload without a severity takes the integration's."""
    settings = Settings(severity=Severity.LOW)
    for source in ("alertmanager", "grafana"):
        body = {"version": "4", "alerts": [{"labels": {"alertname": "a"}, "status": "firing"}]}
        assert _send(f"/in/{source}/{KEY}", body, settings=settings).signals[0].severity is Severity.LOW
    assert _send(f"/in/generic/{KEY}", {"title": "t"}, settings=settings).signals[0].severity is Severity.LOW


def test_mail_cannot_come_by_http() -> None:
    """Mail is a name in configuration only: no address leads to it, and reading it says 404."""
    assert SOURCES["email"].endpoints == ()
    request = Request(method="POST", path="/in/email/x")
    assert SOURCES["email"].read(request, Settings(), NOW).reply.status == 404
    assert SOURCES["email"].key(request) is None
