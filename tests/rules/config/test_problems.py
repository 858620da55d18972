"""A table of what can be wrong with a file, and what its author is told: place, message and fix, to the letter."""

from __future__ import annotations

import pytest

from tocsin.config import plan
from tocsin.config.domain import EMPTY
from tocsin.config.parse import File
from tocsin.site.kinds import KINDS

PEOPLE = "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org}\n"
TEAMS = PEOPLE + "teams:\n  web: {name: Web, members: [ann]}\n"
SERVICES = TEAMS + "services:\n  site: {name: Site, team: web}\n"

CASES = {
    "nul-in-a-text": (
        'tocsin: 1\npeople:\n  ann: {name: "A\\0nn", email: ann@ex.org}\n',
        [
            "3:15 this text holds a character that no database keeps: NUL, or half of a pair | remove it",
        ],
    ),
    "empty": (
        "",
        [
            "1:1 the file is empty | begin it with `tocsin: 1`",
        ],
    ),
    "no-head": (
        "people: {}\n",
        [
            "1:1 `tocsin: 1` is missing | begin the file with `tocsin: 1`",
        ],
    ),
    "other-format": (
        "tocsin: 2\n",
        [
            "1:9 format 2 is not known to this version | write `tocsin: 1`",
        ],
    ),
    "format-of-another-kind": (
        "tocsin: true\n",
        [
            "1:9 format true is not known to this version | write `tocsin: 1`",
        ],
    ),
    "format-with-a-fraction": (
        "tocsin: 1.0\n",
        [
            "1:9 format 1.0 is not known to this version | write `tocsin: 1`",
        ],
    ),
    "list-file": (
        "- a\n- b\n",
        [
            "1:1 a file is a map of sections, not a list | begin it with `tocsin: 1`",
        ],
    ),
    "unknown-section": (
        "tocsin: 1\nserivces: {}\n",
        [
            "2:1 `serivces` is not a section | did you mean `services`?",
        ],
    ),
    "bracket-open": (
        "tocsin: 1\npeople: {ann: 1\n",
        [
            "3:1 this is not YAML: while parsing a flow mapping, did not find expected ',' or '}' | add the missing comma or the closing bracket",
        ],
    ),
    "tab": (
        "tocsin: 1\npeople:\n\tann: {}\n",
        [
            "3:1 this is not YAML: while scanning for the next token, found character that cannot start any token | indent with spaces, not tabs; put text that begins with @, ` or % in quotes",
        ],
    ),
    "colon": (
        "tocsin: 1\nteams:\n  web: {}\n  name: a: b\n",
        [
            "4:10 this is not YAML: mapping values are not allowed in this context | check the indentation, and put text that contains `: ` in quotes",
        ],
    ),
    "quote-open": (
        'tocsin: 1\nx-note: "unfinished\n',
        [
            "3:1 this is not YAML: while scanning a quoted scalar, found unexpected end of stream | close the quotes or the bracket",
        ],
    ),
    "bad-indent": (
        "tocsin: 1\npeople:\n   ann: {}\n  bob: {}\n",
        [
            "4:3 this is not YAML: while parsing a block mapping, did not find expected key | check the indentation: the keys of one map begin in the same column",
        ],
    ),
    "second-document": (
        "tocsin: 1\n---\ntocsin: 1\n",
        [
            "2:1 a second document begins here | put it into a file of its own",
        ],
    ),
    "tag": (
        "tocsin: 1\nteams: !!python/object:os.system x\n",
        [
            "2:8 the tag !!python/object:os.system is not understood | remove it",
        ],
    ),
    "control": (
        "tocsin: 1\nx-a: \x07\n",
        [
            "2:1 this is not YAML: control characters are not allowed | remove the control character",
        ],
    ),
    "key-twice": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, name: Anne}\n",
        [
            "3:39 `name` stands twice; the first is on line 3 | remove one of the two",
        ],
    ),
    "name-twice": (
        PEOPLE + "  ann: {name: Ann, email: ann@ex.org}\n",
        [
            "4:3 `ann` stands twice; the first is on line 3 | remove one of the two",
        ],
    ),
    "key-not-word": (
        "tocsin: 1\n? [a, b]\n: c\n",
        [
            "2:3 a key must be a word | write `name: value`, or quote what begins with {, [ or *",
        ],
    ),
    "unknown-alias": (
        "tocsin: 1\npeople: *all\n",
        [
            "2:9 `*all` names nothing above it | put &all in front of what it means",
        ],
    ),
    "merge-list": (
        "tocsin: 1\nx-a: &a [1]\npeople:\n  ann: {<<: *a, name: Ann, email: ann@ex.org}\n",
        [
            "4:13 `<<` takes a map | name an anchor of a map: <<: *defaults",
        ],
    ),
    "section-list": (
        "tocsin: 1\npeople:\n  - name: Ann\n",
        [
            "3:3 `people` is a map of names, not a list | write the name of each person, and below it what it is",
        ],
    ),
    "section-text": (
        "tocsin: 1\nteams: all\n",
        [
            "2:8 `teams` is a map of names, not 'all' | write the name of each team, and below it what it is",
        ],
    ),
    "routes-map": (
        "tocsin: 1\nroutes:\n  first: {when: []}\n",
        [
            "3:3 `routes` is a list, not a map | write each route after `- `",
        ],
    ),
    "document-text": (
        "tocsin: 1\npeople:\n  ann: Ann Lee\n",
        [
            "3:8 this must be a map, not 'Ann Lee' | write `key: value`, each on a line of its own",
        ],
    ),
    "document-empty": (
        "tocsin: 1\npeople:\n  ann:\n",
        [
            "3:3 `name` is missing | add it: `name`: The full name, as others read it.",
            "3:3 `email` is missing | add it: `email`: The address to sign in with and to send invitations to, nobody else's.",
        ],
    ),
    "bad-name": (
        "tocsin: 1\npeople:\n  Ann Lee: {name: Ann, email: ann@ex.org}\n",
        [
            "3:3 a person cannot be called 'Ann Lee' | use lower-case letters, digits, `-`, `_` and `.`: payments-primary",
        ],
    ),
    "unknown-key": (
        "tocsin: 1\npeople:\n  ann:\n    name: Ann\n    email: ann@ex.org\n    timzone: UTC\n",
        [
            "6:5 `timzone` is not known here | did you mean `timezone`?",
        ],
    ),
    "unknown-key-far": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, shoe: 42}\n",
        [
            "3:39 `shoe` is not known here | known: contacts, email, name, notify, role, timezone",
        ],
    ),
    "missing-key": (
        "tocsin: 1\nteams:\n  web:\n    members: []\n",
        [
            "3:3 `name` is missing | add it: `name`: The team's name, as others read it.",
        ],
    ),
    "number-for-text": (
        "tocsin: 1\nteams:\n  web: {name: 404}\n",
        [
            '3:15 this must be text, not a number | put it in quotes: "…"',
        ],
    ),
    "true-for-text": (
        "tocsin: 1\nteams:\n  web: {name: true}\n",
        [
            '3:15 this must be text, not true | put it in quotes: "…"',
        ],
    ),
    "null-for-text": (
        "tocsin: 1\nteams:\n  web: {name: ~}\n",
        [
            "3:15 this must be text, not nothing | `name`: The team's name, as others read it.",
        ],
    ),
    "text-for-list": (
        PEOPLE + "teams:\n  web: {name: Web, members: ann}\n",
        [
            "5:29 this must be a list, not 'ann' | write [one, two], or each on a line of its own after `- `",
        ],
    ),
    "list-for-map": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: [email]}\n",
        [
            "3:49 this must be a map, not a list | write `key: value`, each on a line of its own",
        ],
    ),
    "empty-text": (
        'tocsin: 1\nteams:\n  web: {name: ""}\n',
        [
            "3:15 this must not be empty | `name`: The team's name, as others read it.",
        ],
    ),
    "bad-mail": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann}\n",
        [
            "3:27 'ann' is not a mail address | write it as name@example.com",
        ],
    ),
    "bad-zone": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, timezone: Berlin}\n",
        [
            "3:49 there is no time zone 'Berlin' | did you mean Europe/Berlin?",
        ],
    ),
    "bad-role": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, role: Amdin}\n",
        [
            "3:45 'Amdin' is not one of viewer, responder, manager, admin | did you mean `admin`?",
        ],
    ),
    "two-channels": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {email: a@ex.org, inbox: true}}}\n",
        [
            "3:53 a contact has exactly one channel; this one names email and inbox | keep one of email, push, sms, voice, ntfy, webhook, inbox",
        ],
    ),
    "no-channel": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {}}}\n",
        [
            "3:53 a contact has exactly one channel; this one names no channel | keep one of email, push, sms, voice, ntfy, webhook, inbox",
        ],
    ),
    "unknown-channel": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {webhok: https://ex.org}}}\n",
        [
            "3:54 `webhok` is not known here | did you mean `webhook`?",
        ],
    ),
    "phone-number": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {sms: +491711234567}}}\n",
        [
            '3:59 this must be text, not a number | put it in quotes: "…"',
        ],
    ),
    "phone-local": (
        'tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {sms: "0171 123"}}}\n',
        [
            "3:59 '0171 123' is not a phone number | write it in quotes with + and country: \"+4915155500101\"",
        ],
    ),
    "option-elsewhere": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {email: a@ex.org, token: t}}}\n",
        [
            "3:78 `token` belongs to a contact by ntfy | remove `token`",
        ],
    ),
    "bad-hook": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {webhook: ex.org/x}}}\n",
        [
            "3:63 'ex.org/x' is not a web address | write it with https://",
        ],
    ),
    "hook-fragment": (
        'tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {webhook: "https://ex.org/x#y"}}}\n',
        [
            "3:63 the part after # never reaches a server | leave it out",
        ],
    ),
    "rule-unknown-contact": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {email: a@ex.org}}, notify: {high: [{via: b}], low: [{via: c}]}}\n",
        [
            "3:95 `b` is not one of the person's contacts | the contacts here: a",
            "3:112 `c` is not one of the person's contacts | the contacts here: a",
        ],
    ),
    "rule-late": (
        "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org, contacts: {a: {email: a@ex.org}}, notify: {high: [{after: 2d, via: a}]}}\n",
        [
            "3:97 2d is longer than 1d | write a duration from 0s to 1d",
        ],
    ),
    "member-twice": (
        PEOPLE + "teams:\n  web: {name: Web, members: [ann, ann]}\n",
        [
            "5:35 `ann` stands twice | remove one of the two",
        ],
    ),
    "bad-duration": (
        SERVICES + "policies:\n  p: {name: P, steps: [{page: [person:ann], wait: 5 minutes}]}\n",
        [
            "9:51 '5 minutes' is not a duration | write a number with a unit: 30s, 5m, 8h, 2d, 1w",
        ],
    ),
    "number-duration": (
        SERVICES + "policies:\n  p: {name: P, steps: [{page: [person:ann], wait: 300}]}\n",
        [
            "9:51 300 is not a duration | write a number with a unit: 30s, 5m, 8h, 2d, 1w",
        ],
    ),
    "tier": (
        TEAMS + "services:\n  site: {name: Site, team: web, tier: 5}\n",
        [
            "7:39 this must be at most 4 | `tier`: 1 business-critical, 2 important, 3 ordinary, 4 internal convenience.",
        ],
    ),
    "tier-text": (
        TEAMS + "services:\n  site: {name: Site, team: web, tier: high}\n",
        [
            "7:39 this must be a whole number, not 'high' | `tier`: 1 business-critical, 2 important, 3 ordinary, 4 internal convenience.",
        ],
    ),
    "urgency": (
        TEAMS + "services:\n  site: {name: Site, team: web, urgency: middle}\n",
        [
            "7:42 'middle' is not one of high, low | write one of high, low",
        ],
    ),
    "hours": (
        TEAMS
        + 'services:\n  site: {name: Site, team: web, urgency: {hours: {timezone: UTC, days: [Moon], between: ["9-17"]}}}\n',
        [
            "7:73 'Moon' is not a weekday | write Mon, Tue, Wed, Thu, Fri, Sat or Sun",
            "7:90 '9-17' is not a time range | write it in quotes as \"09:00-17:00\"",
        ],
    ),
    "storm": (
        TEAMS + "services:\n  site: {name: Site, team: web, storm: {groups: 0}}\n",
        [
            "7:49 this must be at least 1 | `groups`: More new groups than this within the time make a storm.",
        ],
    ),
    "storm-word": (
        TEAMS + "services:\n  site: {name: Site, team: web, storm: never}\n",
        [
            "7:40 'never' is not `off` | `storm`: The storm breaker: off, or {groups: 100, within: 1m}, which is also the default.",
        ],
    ),
    "source": (
        SERVICES + "integrations:\n  in: {service: site, source: promethius, key: abcdef123456}\n",
        [
            "9:31 `promethius` is not a source | the sources are alertmanager, datadog, email, generic, grafana, heartbeat, opsgenie, pagerduty, prometheus, sentry, uptime-kuma",
        ],
    ),
    "short-key": (
        SERVICES + "integrations:\n  in: {service: site, source: generic, key: abc}\n",
        [
            "9:45 this key cannot be used: 6 to 200 letters, digits and . _ ~ - are allowed | make one with: openssl rand -hex 16",
        ],
    ),
    "number-key": (
        SERVICES + "integrations:\n  in: {service: site, source: generic, key: 1234567890}\n",
        [
            '9:45 this must be text, not a number | put it in quotes: "…"',
        ],
    ),
    "heartbeat-every": (
        SERVICES + "integrations:\n  in: {service: site, source: heartbeat, key: abcdef123456}\n",
        [
            "9:7 a heartbeat needs `every` | say how often it is to be heard: every: 5m",
        ],
    ),
    "every-elsewhere": (
        SERVICES + "integrations:\n  in: {service: site, source: grafana, key: abcdef123456, every: 5m}\n",
        [
            "9:66 `every` means nothing for a grafana integration | remove it; it belongs to source heartbeat",
        ],
    ),
    "window-kind": (
        SERVICES + "integrations:\n  in: {service: site, source: grafana, key: abcdef123456, window_kind: rolling}\n",
        [
            "9:72 `window_kind` needs `group_window` | add group_window: 1h",
        ],
    ),
    "window-short": (
        SERVICES + "integrations:\n  in: {service: site, source: grafana, key: abcdef123456, group_window: 10s}\n",
        [
            "9:73 10s is shorter than 1m | write a duration from 1m to 2d",
        ],
    ),
    "rate": (
        SERVICES
        + "integrations:\n  in: {service: site, source: grafana, key: abcdef123456, rate_limit: 1000 a minute}\n",
        [
            "9:71 '1000 a minute' is not a rate | write a number per unit: 20/s, 1000/m, 50000/h",
        ],
    ),
    "secret": (
        SERVICES + "integrations:\n  in: {service: site, source: generic, key: abcdef123456, secret: hush}\n",
        [
            "9:67 `secret` means nothing for a generic integration | remove it; it belongs to source sentry or grafana",
        ],
    ),
    "mapping-field": (
        SERVICES + "integrations:\n  in: {service: site, source: generic, key: abcdef123456, mapping: {titel: name}}\n",
        [
            "9:76 `titel` is not a field of a mapping | there are each, action, resolve_when, acknowledge_when, dedup_key, title, severity, description, link, started_at, by, note, labels, details, labels.NAME",
        ],
    ),
    "route-idle": (
        SERVICES + "routes:\n  - when: [a=b]\n",
        [
            "9:5 this route changes nothing | add one of service, urgency, severity, drop, suppress, group_by, hold",
        ],
    ),
    "route-drop-more": (
        SERVICES + "routes:\n  - {when: [a=b], drop: noise, service: site}\n",
        [
            "9:41 what is dropped has no `service` | keep `drop` or `service`",
        ],
    ),
    "matcher": (
        SERVICES + 'routes:\n  - {when: ["severity is bad"], urgency: low}\n',
        [
            '9:13 \'severity is bad\' is not a matcher | write label="value", label!="value", label=~"a|b" or !~',
        ],
    ),
    "regex": (
        SERVICES + 'routes:\n  - {when: ["a=~\\"(\\""], urgency: low}\n',
        [
            "9:13 '(' is not a regular expression: a ( is not closed | write \\( for the character",
        ],
    ),
    "regex-ahead": (
        SERVICES + 'routes:\n  - {when: ["a=~\\"(?!b).*\\""], urgency: low}\n',
        [
            "9:13 '(?!b).*' is not a regular expression: looking ahead or behind is not understood | write `label!~` for what must not match",
        ],
    ),
    "no-steps": (
        "tocsin: 1\npolicies:\n  p: {name: P, steps: []}\n",
        [
            "3:23 this list is empty | `steps`: The rungs, in order.",
        ],
    ),
    "target-bare": (
        "tocsin: 1\npolicies:\n  p: {name: P, steps: [{page: [ann]}]}\n",
        [
            "3:32 'ann' is not somebody to page | write person:NAME, schedule:NAME or team:NAME",
        ],
    ),
    "target-kind": (
        "tocsin: 1\npolicies:\n  p: {name: P, steps: [{page: [user:ann]}]}\n",
        [
            "3:32 'user:ann' is not somebody to page | write person:NAME, schedule:NAME or team:NAME",
        ],
    ),
    "repeat": (
        "tocsin: 1\npolicies:\n  p: {name: P, steps: [{page: [person:ann]}], repeat: 10}\n",
        [
            "3:55 this must be at most 9 | `repeat`: How many more times all steps are taken if nobody answers.",
        ],
    ),
    "condition": (
        PEOPLE + "policies:\n  p: {name: P, steps: [{page: [person:ann], if: {urgency: urgent}}]}\n",
        [
            "5:59 'urgent' is not one of high, low | write one of high, low",
        ],
    ),
    "plan-severity": (
        "tocsin: 1\nplans:\n  p: {name: P, severity: SEV0}\n",
        [
            "3:26 'SEV0' is not one of SEV1, SEV2, SEV3, SEV4, SEV5 | write one of SEV1, SEV2, SEV3, SEV4, SEV5",
        ],
    ),
    "plan-update": (
        "tocsin: 1\nplans:\n  p: {name: P, updates: {SEV1: {first: 1s}}}\n",
        [
            "3:26 `every` is missing | add it: `every`: The next ones come at least this often.",
            "3:40 1s is shorter than 1m | write a duration from 1m to 7d",
        ],
    ),
    "bad-rotation": (
        PEOPLE
        + "schedules:\n  s: {timezone: UTC, layers: [{name: a, rotation: weekly, start: 2026-01-05, people: [ann]}]}\n",
        [
            '5:31 a weekly rotation needs a `handoff` | add when the next person takes over: handoff: "Mon 09:00"',
        ],
    ),
    "dangling-near": (
        PEOPLE + "teams:\n  web: {name: Web, members: [anne]}\n",
        [
            "5:30 there is no person `anne` | did you mean `ann`?",
        ],
    ),
    "dangling-far": (
        PEOPLE + "teams:\n  web: {name: Web, members: [zoe]}\n",
        [
            "5:30 there is no person `zoe` | define it under `people:`; known: ann",
        ],
    ),
    "dangling-none": (
        "tocsin: 1\nservices:\n  site: {name: Site, team: web}\n",
        [
            "3:28 there is no team `web` | define it under `teams:`",
        ],
    ),
    "dangling-target": (
        PEOPLE + "policies:\n  p: {name: P, steps: [{page: [schedule:first]}], last_resort: [team:web], then: q}\n",
        [
            "5:32 there is no schedule `first` | define it under `schedules:`",
            "5:65 there is no team `web` | define it under `teams:`",
            "5:82 there is no policy `q` | define it under `policies:`; known: p",
        ],
    ),
    "dangling-schedule": (
        PEOPLE
        + 'schedules:\n  s: {timezone: UTC, layers: [{name: a, rotation: daily, handoff: "09:00", start: 2026-01-05, people: [bob]}]}\n',
        [
            "5:104 there is no person `bob` | define it under `people:`; known: ann",
        ],
    ),
    "cycle-services": (
        TEAMS
        + "services:\n  a: {name: A, team: web, depends_on: [b]}\n  b: {name: B, team: web, depends_on: [c]}\n  c: {name: C, team: web, depends_on: [a]}\n",
        [
            "7:40 services depend on each other in a circle: a → b → c → a | remove one of these dependencies",
        ],
    ),
    "cycle-self": (
        TEAMS + "services:\n  a: {name: A, team: web, depends_on: [a]}\n",
        [
            "7:40 services depend on each other in a circle: a → a | remove one of these dependencies",
        ],
    ),
    "cycle-policies": (
        PEOPLE
        + "policies:\n  a: {name: A, steps: [{page: [person:ann]}], then: b}\n  b: {name: B, steps: [{page: [person:ann]}], then: a}\n",
        [
            "5:53 policies hand over to each other in a circle: a → b → a | remove one `then`, or use `repeat`",
        ],
    ),
    "mail-address-used-twice": (
        PEOPLE + "  bob: {name: Bob, email: bob@ex.org}\n  cleo: {name: Cleo, email: Ann@EX.org}\n",
        [
            "5:29 ann and cleo have the same mail address, which says who signs in | give each their own; two contacts may have the same",
        ],
    ),
    "key-used-twice": (
        SERVICES
        + "integrations:\n  in: {service: site, source: generic, key: abcdef123456}\n  on: {service: site, source: grafana, key: abcdef123456}\n",
        [
            "10:45 integration on has the same key as in; a key says which integration is meant | make a key of its own with: openssl rand -hex 16",
        ],
    ),
    "variable-missing": (
        SERVICES + 'integrations:\n  in: {service: site, source: generic, key: "${SITE_KEY}"}\n',
        [
            "9:45 no value is given for the variable SITE_KEY | set it in the environment of `tocsin apply`, or in `variables` of a request to the API; or write a default: ${SITE_KEY:-…}",
        ],
    ),
    "variable-open": (
        'tocsin: 1\nteams:\n  web: {name: "a ${ b"}\n',
        [
            "3:15 `${` begins a variable, but no name follows | write ${NAME}, or $${ for the characters themselves",
        ],
    ),
}


@pytest.mark.parametrize(("content", "expected"), CASES.values(), ids=CASES)
def test_what_is_wrong_is_told_with_its_place_and_its_fix(content: str, expected: list[str]) -> None:
    """Each mistake is told where it stands, in words, with what to do about it."""
    problems = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {}).problems
    assert [f"{one.line}:{one.column} {one.message} | {one.fix}" for one in problems] == expected
    assert {one.file for one in problems} == {"a.yaml"}


@pytest.mark.parametrize("content", [content for content, _ in CASES.values()], ids=CASES)
def test_nothing_changes_while_anything_is_wrong(content: str) -> None:
    """A plan with a problem has no changes that could be carried out."""
    thought = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {})
    assert thought.problems
    assert not thought.changes
