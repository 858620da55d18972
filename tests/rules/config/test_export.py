"""What is exported reads back as the same configuration, and the schema for editors accepts it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.config import export, plan, rules, schema
from tocsin.config.domain import EMPTY, ManagedBy, Origin, Snapshot, State
from tocsin.config.parse import File, parse, parse_one
from tocsin.kit import text
from tocsin.site.kinds import KINDS

EXAMPLE = (Path(__file__).parents[3] / "examples" / "acme.yaml").read_bytes()

VALIDATOR = jsonschema.Draft202012Validator(schema.whole(KINDS))

names = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,8}[a-z0-9])?", fullmatch=True)
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30
) | st.sampled_from(
    [
        "on",
        "yes",
        "~",
        "08:00",
        "2026-01-05",
        "1e3",
        "0o17",
        "010",
        ".5",
        "-",
        "<<",
        "a: b",
        "# x",
        "${X}",
        "$${X}",
        "x\n\ny ",
        "\u2028",
        "=",
        "!x",
        "*a",
        "null",
        "0x1F",
        "1_000",
        "5.",
    ]
)
durations = st.integers(0, 86_400).map(lambda seconds: text.format_duration(timedelta(seconds=seconds)))
keys = st.from_regex(r"[A-Za-z0-9._~-]{6,20}", fullmatch=True)


def sparse(
    required: dict[str, st.SearchStrategy[object]], **optional: st.SearchStrategy[object]
) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries(required, optional=optional)


def few(one: st.SearchStrategy[object], least: int = 0) -> st.SearchStrategy[list[object]]:
    return st.lists(one, min_size=least, max_size=3, unique_by=str)


contacts = st.dictionaries(
    names,
    st.sampled_from(
        [
            {"email": "a@ex.org"},
            {"sms": "+4915155500101"},
            {"inbox": True},
            {"webhook": "https://ex.org/x", "secret": "whsec_${X}"},
            {"ntfy": "https://ex.org/x", "user": "on", "password": "08:00"},
        ]
    ),
    max_size=3,
)
people = sparse(
    {"name": texts, "email": st.just("a@ex.org")},
    contacts=contacts,
    role=st.sampled_from(["viewer", "admin"]),
    timezone=st.just("UTC"),
)
teams = sparse({"name": texts}, description=texts, members=few(names))
services = sparse(
    {"name": texts, "team": names},
    tier=st.integers(1, 4),
    policy=names | st.none(),
    depends_on=few(names),
    links=st.dictionaries(texts, st.just("https://ex.org/a?b=c#d"), max_size=2),
    labels=st.dictionaries(texts, texts, max_size=2),
    storm=st.sampled_from(["off", {"groups": 5}, {"within": "5m"}, {}]),
    urgency=st.sampled_from(["low", {"hours": {"timezone": "UTC", "between": ["22:00-06:00"], "days": ["Sat"]}}]),
)
integrations = sparse(
    {"service": names, "source": st.just("generic"), "key": keys},
    group_by=few(texts),
    hold=st.just("1m30s"),
    rate_limit=st.sampled_from(["5/s", "1000/m"]),
    severity=st.just("low"),
)
routes = st.one_of(
    sparse({"when": few(st.sampled_from(['a="b"', "c=~'x|y'", 'd!="${E}"'])), "drop": texts}),
    sparse({"when": st.just([]), "service": names}, hold=st.just("5m"), group_by=few(texts)),
)
targets = few(st.builds(lambda kind, name: f"{kind}:{name}", st.sampled_from(["person", "team", "schedule"]), names), 1)
steps = st.lists(
    sparse({"page": targets}, wait=durations, round_robin=st.booleans(), **{"if": st.just({"urgency": "high"})}),
    min_size=1,
    max_size=3,
)
policies = sparse(
    {"name": texts, "steps": steps},
    repeat=st.integers(0, 9),
    last_resort=targets,
    then=names,
    acknowledgement_expires=st.just("90s"),
)
schedules = sparse(
    {
        "timezone": st.just("Europe/Berlin"),
        "layers": st.just(
            [
                {
                    "name": "08:00",
                    "rotation": "weekly",
                    "handoff": "Mon 09:00",
                    "start": "2026-01-05",
                    "people": ["a", "b"],
                    "from": "2026-02-01",
                    "until": "2026-03-01",
                }
            ]
        ),
    },
    name=texts,
)
plans = sparse(
    {"name": texts},
    severity=st.just("SEV1"),
    roles=few(names),
    updates=st.just({"SEV1": {"first": "5m", "every": "1h"}}),
    review=st.just({"due": "3d"}),
)
files = st.fixed_dictionaries(
    {"tocsin": st.just(1)},
    optional={
        "people": st.dictionaries(names, people, min_size=1, max_size=2),
        "teams": st.dictionaries(names, teams, min_size=1, max_size=2),
        "services": st.dictionaries(names, services, min_size=1, max_size=2),
        "integrations": st.dictionaries(names, integrations, min_size=1, max_size=2),
        "routes": st.lists(routes, min_size=1, max_size=3),
        "schedules": st.dictionaries(names, schedules, min_size=1, max_size=1),
        "policies": st.dictionaries(names, policies, min_size=1, max_size=2),
        "plans": st.dictionaries(names, plans, min_size=1, max_size=1),
    },
)


def snapshot_of(content: bytes | str) -> Snapshot:
    parsed = parse([File(name="a.yaml", content=content)], KINDS, {})
    assert parsed.sorted_problems() == ()
    return Snapshot(0, parsed.sections)


def snapshots() -> st.SearchStrategy[Snapshot]:
    def made(whole: dict[str, object]) -> Snapshot:
        sections = {}
        for kind in KINDS:
            raw = whole.get(kind.section, {})
            pairs = raw.items() if isinstance(raw, dict) else ((f"{at:04}", one) for at, one in enumerate(raw))
            documents = {name: kind.model.model_validate(one) for name, one in pairs}
            if documents:
                sections[kind.section] = documents
        return Snapshot(0, sections)

    return files.map(made)


@given(snapshots())
def test_an_export_reads_back_as_the_same(snapshot: Snapshot) -> None:
    """`parse(export(x)) == x` for YAML and JSON, whatever the texts are."""
    for content in (export.as_yaml(snapshot, KINDS), export.as_json(snapshot, KINDS)):
        again = snapshot_of(content)
        assert again.sections == snapshot.sections
        assert export.as_yaml(again, KINDS) == export.as_yaml(snapshot, KINDS)


@given(snapshots(), st.randoms(use_true_random=False))
def test_what_is_written_back_as_it_was_shown_changes_nothing(snapshot: Snapshot, random: Random) -> None:
    """The whole text with its secrets hidden, adopted again, is the same configuration, managed by the same."""
    keys = [(section, name) for section, held in snapshot.sections.items() for name in held]
    origins = {key: Origin(managed_by=random.choice(list(ManagedBy)), file="a.yaml") for key in keys}
    before = State(snapshot=snapshot, origins=origins)
    shown = export.hidden_yaml(snapshot, KINDS)
    parsed = parse([File(name="a.yaml", content=shown)], KINDS, {}, snapshot.sections)
    assert parsed.sorted_problems() == ()
    judged = rules.adopted(parsed, before, KINDS, ManagedBy.UI, alone=True)
    assert judged.state.snapshot.sections == snapshot.sections
    assert sorted(judged.state.origins) == sorted(origins)
    unordered = [key for key in keys if key[0] != "routes"]  # equal routes may stand for each other
    assert [judged.state.origins[key] for key in unordered] == [origins[key] for key in unordered]


@given(snapshots())
@settings(max_examples=25)
def test_each_document_alone_reads_back_too(snapshot: Snapshot) -> None:
    """What the editor shows of one document, written back, is that document."""
    for kind in KINDS:
        for name, document in snapshot.sections.get(kind.section, {}).items():
            parsed = parse_one(export.document_yaml(document), kind, name, snapshot.sections)
            assert parsed.sorted_problems() == ()
            assert parsed.sections[kind.section][name] == document


@given(snapshots())
@settings(max_examples=25)
def test_an_export_fits_the_schema(snapshot: Snapshot) -> None:
    """The JSON Schema accepts whatever Tocsin itself would write."""
    VALIDATOR.validate(export.as_values(snapshot, KINDS))


def test_the_example_round_trips() -> None:
    """The example, exported and read again, changes nothing."""
    thought = plan.make([File(name="acme.yaml", content=EXAMPLE)], KINDS, EMPTY, {})
    again = plan.make(
        [File(name="acme.yaml", content=export.as_yaml(thought.state.snapshot, KINDS))], KINDS, thought.state, {}
    )
    assert (again.problems, again.changes) == ((), ())


def test_an_export_looks_as_a_person_would_write_it() -> None:
    """Sections in their order, only what the author wrote, small maps on one line, no quotes without need."""
    content = """tocsin: 1

people:
  ann:
    name: Ann
    email: ann@ex.org
    contacts:
      work: {email: ann@ex.org}
  bob: {name: Bob, email: bob@ex.org, role: viewer}

policies:
  web:
    name: Web
    steps:
    - page: ['person:ann']
      wait: 5m
"""
    assert export.as_yaml(snapshot_of(content), KINDS) == content


def test_a_redacted_export_names_variables_for_its_secrets() -> None:
    """Without the secrets it is not accepted; with the variables set it is the same configuration again."""
    snapshot = snapshot_of(EXAMPLE)
    redacted = export.as_yaml(snapshot, KINDS, redact=True)
    assert "example-key" not in redacted
    assert [one.message for one in parse([File(name="a", content=redacted)], KINDS, {}).sorted_problems()] == [
        "no value is given for the variable INTEGRATIONS_SITE_EVENTS_KEY",
        "no value is given for the variable INTEGRATIONS_CLUSTER_KEY",
        "no value is given for the variable INTEGRATIONS_SHIP_TRACKER_KEY",
        "no value is given for the variable INTEGRATIONS_NIGHTLY_SETTLEMENT_KEY",
    ]
    env = {
        "INTEGRATIONS_SITE_EVENTS_KEY": "example-key-of-the-site",
        "INTEGRATIONS_CLUSTER_KEY": "example-key-of-the-cluster",
        "INTEGRATIONS_SHIP_TRACKER_KEY": "example-key-of-the-tracker",
        "INTEGRATIONS_NIGHTLY_SETTLEMENT_KEY": "example-key-of-the-settlement",
    }
    assert parse([File(name="a", content=redacted)], KINDS, env).sections == snapshot.sections


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": {}},
        {"tocsin": 1, "peeple": {}},
        {"tocsin": 1, "people": {"ann": {"name": "Ann"}}},
        {"tocsin": 1, "people": {"ann": {"name": "Ann", "email": "a@ex.org", "shoe": 1}}},
        {"tocsin": 1, "routes": {}},
        {"tocsin": 1, "policies": {"p": {"name": "P", "steps": [{"page": ["ann"]}]}}},
    ],
)
def test_the_schema_refuses_what_an_editor_can_see_is_wrong(wrong: object) -> None:
    """Unknown and missing keys, wrong shapes and malformed targets are seen while one writes."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema.whole(KINDS))


def test_every_field_is_described() -> None:
    """Each field of each document has a sentence that editors show."""
    silent = [
        f"{model}.{field}"
        for model, definition in schema.whole(KINDS)["$defs"].items()
        for field, value in definition.get("properties", {}).items()
        if "description" not in value and not model.startswith(("Schedule", "Layer"))
    ]
    assert silent == []


def test_another_reader_of_yaml_reads_the_same() -> None:
    """An ordinary YAML 1.1 reader takes nothing of an export for a time, a number or a truth it is not."""
    whole = export.as_values(snapshot_of(EXAMPLE), KINDS)
    read = yaml.load(export.as_yaml(snapshot_of(EXAMPLE), KINDS), Loader=yaml.BaseLoader)
    strict = yaml.safe_load(export.as_yaml(snapshot_of(EXAMPLE), KINDS).replace("start: 2026", "start: on-2026"))
    assert read["routes"] == whole["routes"]
    assert strict["integrations"] == whole["integrations"]
    assert strict["services"] == whole["services"]
