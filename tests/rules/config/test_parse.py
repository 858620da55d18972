"""Files become documents: several at once, variables, YAML as YAML 1.2 reads it, and bounds on what a file may cost."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.catalog.domain import IntegrationDocument
from tocsin.config import plan, yaml12
from tocsin.config.domain import EMPTY, Problem
from tocsin.config.parse import File, Parsed, parse
from tocsin.paging.documents import PolicyDocument
from tocsin.people.domain import PersonDocument
from tocsin.site.kinds import KINDS

EXAMPLE = Path(__file__).parents[3] / "examples" / "acme.yaml"
ANN = "tocsin: 1\npeople:\n  ann: {name: Ann, email: ann@ex.org}\n"
INTEGRATION = ANN + (
    "teams: {web: {name: Web, members: [ann]}}\n"
    "services: {site: {name: Site, team: web}}\n"
    "integrations:\n  in: {service: site, source: generic, key: '%s'}\n"
)
SECRET = "hunter2-is-no-key!"


def read(*contents: str, **env: str) -> Parsed:
    files = [File(name=f"{chr(ord('a') + index)}.yaml", content=content) for index, content in enumerate(contents)]
    return parse(files, KINDS, env)


def told(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{one.file}:{one.line} {one.message}" for one in problems]


def test_the_example_is_accepted() -> None:
    """The example of a whole organisation has no problem."""
    assert plan.make([File(name="acme.yaml", content=EXAMPLE.read_bytes())], KINDS, EMPTY, {}).problems == ()


def test_files_are_read_together() -> None:
    """A name in one file may stand for a document in another; routes follow one another in the order of the files."""
    people = ANN + "routes:\n  - {when: [a=b], urgency: low}\n"
    rest = "tocsin: 1\nteams: {web: {name: Web, members: [ann]}}\nroutes:\n  - {when: [c=d], urgency: low}\n"
    files = [File(name="people.yaml", content=people), File(name="rest.yaml", content=rest)]
    thought = plan.make(files, KINDS, EMPTY, {})
    assert thought.problems == ()
    assert [route.model_dump()["when"] for route in thought.state.snapshot.sections["routes"].values()] == [
        ("a=b",),
        ("c=d",),
    ]
    assert thought.state.origins["teams", "web"].file == "rest.yaml"


def test_a_name_in_two_files_tells_both_places() -> None:
    """A document defined twice is refused at the second place, and the first is named."""
    assert told(read(ANN, "tocsin: 1\n\n" + ANN.split("\n", 1)[1]).sorted_problems()) == [
        "b.yaml:4 person `ann` is defined already in a.yaml:3"
    ]


def test_a_file_given_twice_is_told() -> None:
    """The same file named twice is one mistake, not a hundred."""
    file = File(name="a.yaml", content=ANN)
    assert [one.message for one in parse([file, file], KINDS, {}).sorted_problems()] == ["this file is given twice"]


def test_problems_come_by_file_and_line() -> None:
    """All problems of all files are told, in the order in which one would go through them."""
    first = "tocsin: 1\nteams:\n  b: {nam: B}\n  a: {nam: A}\n"
    assert told(read(first, "tocsin: 2\n", "tocsin: [\n").sorted_problems()) == [
        "a.yaml:3 `name` is missing",
        "a.yaml:3 `nam` is not known here",
        "a.yaml:4 `name` is missing",
        "a.yaml:4 `nam` is not known here",
        "b.yaml:1 format 2 is not known to this version",
        "c.yaml:2 this is not YAML: while parsing a flow node, did not find expected node content",
    ]


def test_what_could_not_be_read_counts_as_there() -> None:
    """A reference to a document that is itself wrong is not told as leading nowhere."""
    content = "tocsin: 1\npeople:\n  ann: {name: Ann}\nteams:\n  web: {name: Web, members: [ann, bob]}\n"
    problems = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {}).problems
    assert told(problems) == ["a.yaml:3 `email` is missing", "a.yaml:5 there is no person `bob`"]


@pytest.mark.parametrize(
    ("written", "env", "expected"),
    [
        ("${NAME}", {"NAME": "Ann"}, "Ann"),
        ("${NAME} of ${TOWN}", {"NAME": "Ann", "TOWN": "Ghent"}, "Ann of Ghent"),
        ("${NAME:-Bob}", {}, "Bob"),
        ("${NAME:-Bob}", {"NAME": ""}, "Bob"),
        ("${NAME:-Bob}", {"NAME": "Ann"}, "Ann"),
        ("$${NAME}", {"NAME": "Ann"}, "${NAME}"),
        ("$NAME costs 5 $", {"NAME": "Ann"}, "$NAME costs 5 $"),
    ],
)
def test_variables_are_filled_in(written: str, env: dict[str, str], expected: str) -> None:
    """`${NAME}` is the environment's value, `${NAME:-…}` has a default, `$${` is itself."""
    person = read(f"tocsin: 1\npeople:\n  ann: {{name: '{written}', email: ann@ex.org}}\n", **env)
    assert person.problems == []
    assert isinstance(ann := person.sections["people"]["ann"], PersonDocument)
    assert ann.name == expected


def test_a_variable_may_stand_for_a_number_or_a_duration() -> None:
    """What a variable holds is read as the field demands."""
    policies = ANN + "policies:\n  p: {name: P, repeat: '${N}', steps: [{page: [person:ann], wait: '${W}'}]}\n"
    document = read(policies, N="3", W="90s").sections["policies"]["p"]
    assert isinstance(document, PolicyDocument)
    assert (document.repeat, document.steps[0].wait) == (3, timedelta(seconds=90))


@pytest.mark.parametrize(
    "content",
    [
        INTEGRATION % "${K}",
        INTEGRATION.replace("source: generic", "source: '${K}'") % "abcdef123456",
        ANN.replace("ann@ex.org", "${K}"),
        ANN.replace("ann@ex.org", "ann@ex.org, timezone: '${K}'"),
        ANN.replace("ann@ex.org", "ann@ex.org, role: '${K}'"),
        ANN.replace("ann@ex.org", "ann@ex.org, contacts: '${K}'"),
        ANN.replace("ann@ex.org", "ann@ex.org, contacts: {a: {sms: 'tel ${K}'}}"),
        ANN + "teams: {web: {name: Web, members: ['${K}']}}\n",
        ANN + "routes: [{when: ['${K}'], urgency: low}]\n",
        ANN + "routes: [{when: ['a=~\"(${K}\"'], urgency: low}]\n",
        ANN + "policies: {p: {name: P, steps: [{page: ['${K}'], wait: '${K}'}], repeat: '${K}'}}\n",
        ANN + "people: '${K}'\n",
        ANN + "schedules: {s: {timezone: '${K}', layers: '${K}'}}\n",
        "'${K}'\n",
        "tocsin: '${K}'\n",
    ],
)
@pytest.mark.parametrize("held", [SECRET, SECRET * 10, 'a"b\\c\nd' * 3, "ABC Geheim"])
def test_what_the_environment_holds_is_never_shown(content: str, held: str) -> None:
    """However a value from the environment is wrong, the message names the variable and not the value."""
    problems = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {"K": held}).problems
    assert problems
    for one in problems:
        for form in (held, held[:20], repr(held)[1:20], held.lower()):
            assert form not in one.message + one.fix


def test_a_key_written_in_the_file_is_not_shown_either() -> None:
    """A key that cannot be used is not repeated in the message about it."""
    for key in ("short", "has spaces in it", "12345678"):
        problems = read((INTEGRATION % key).replace("'", "" if key.isdigit() else "'")).sorted_problems()
        assert len(problems) == 1
        assert key not in problems[0].message + problems[0].fix


def test_text_is_text_as_in_yaml_1_2() -> None:
    """on, yes, times and dates are text; only true, false, null and numbers are something else."""
    written = "a: on\nb: yes\nc: No\nd: 08:00\ne: 12:30:45\nf: 2026-01-05\ng: 010\nh: 0o10\ni: ~\nj: True\nk: 1_000\n"
    assert yaml12.read(written, "a.yaml", {}).value == {
        "a": "on",
        "b": "yes",
        "c": "No",
        "d": "08:00",
        "e": "12:30:45",
        "f": "2026-01-05",
        "g": 10,
        "h": 8,
        "i": None,
        "j": True,
        "k": "1_000",
    }
    assert yaml12.read("on: 1\n404: 2\nnull: 3\n", "a.yaml", {}).value == {"on": 1, "404": 2, "null": 3}


def test_times_need_no_quotes() -> None:
    """A hand-over, a start and hours may be written bare."""
    schedule = (
        "schedules:\n  s:\n    timezone: UTC\n    layers:\n"
        "      - {name: a, rotation: daily, handoff: 12:30, start: 2026-01-05, people: [ann], between: [08:00-20:00]}\n"
    )
    assert plan.make([File(name="a.yaml", content=ANN + schedule)], KINDS, EMPTY, {}).problems == ()


def test_aliases_and_merges_stand_for_what_they_name() -> None:
    """Anchors save repetition; a problem in what they bring is told where they are used."""
    content = (
        "tocsin: 1\nx-mail: &mail {email: ann@ex.org, timezone: UTC}\npeople:\n"
        "  ann: {<<: *mail, name: Ann}\n  bob: {<<: *mail, name: Bob, email: bob@ex.org}\n"
        "  cleo: {<<: *mail, name: Cleo, role: [x]}\n"
    )
    parsed = read(content)
    emails = {name: getattr(person, "email", "") for name, person in parsed.sections["people"].items()}
    assert emails == {"ann": "ann@ex.org", "bob": "bob@ex.org"}
    assert told(parsed.sorted_problems()) == [
        "a.yaml:6 a list is not one of viewer, responder, manager, admin",
    ]


def test_json_is_read_too() -> None:
    """JSON is accepted with its escapes, and a mistake in it has a line as well."""
    whole = {"tocsin": 1, "people": {"ann": {"name": "Ann \U0001f600 / \u00e9", "email": "ann@ex.org"}}}
    for text in (json.dumps(whole), json.dumps(whole, indent="\t"), json.dumps(whole, ensure_ascii=False)):
        parsed = parse([File(name="a.json", content=text)], KINDS, {})
        assert parsed.problems == []
        assert getattr(parsed.sections["people"]["ann"], "name", "") == "Ann \U0001f600 / \u00e9"
    broken = parse([File(name="a.json", content='{\n "tocsin": 1,\n "people": {"ann": {"shoe": 1}}\n}')], KINDS, {})
    assert [one.line for one in broken.sorted_problems()] == [3, 3, 3]


def _bomb() -> str:
    return "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 20)
    )


def _chain() -> str:
    deep = "[" * 20
    return "a0: &a0 x\n" + "".join(f"a{n}: &a{n} {deep}*a{n - 1}{']' * 20}\n" for n in range(1, 2000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_bomb(), "has more than"),
        (_chain(), "nested more than"),
        ("[" * 100_000, "nested more than"),
        ("- " * 100_000, "nested more than"),
        ("{a: " * 100_000, "nested more than"),
        ("a: &a [*a]\n", "names nothing above it"),
        ("x" * (yaml12.BYTES_MAX + 1), "bytes"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
        (b"\x00" * 1000, "not YAML"),
        ("a: [" + "1," * 250_000 + "]", "has more than"),
    ],
    ids=["laughs", "chain", "lists", "dashes", "maps", "self", "size", "bytes", "zeros", "many"],
)
def test_a_file_costs_no_more_than_it_is_worth(content: str | bytes, message: str) -> None:
    """Bombs, depth, size and rubbish are refused with a reason, and soon."""
    started = time.thread_time()
    problems = yaml12.read(content, "a.yaml", {}).problems
    assert len(problems) == 1
    assert message in problems[0].message
    assert time.thread_time() - started < 10


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300), st.text("{}[]:,-&*!|>'\"%@` \n\tab1<?#$", max_size=80))
)
def test_any_bytes_give_documents_or_problems(content: bytes | str) -> None:
    """Reading never raises, whatever a file holds."""
    if isinstance(content, str):
        content = content.encode(errors="replace")
    parsed = parse([File(name="a.yaml", content=content)], KINDS, {})
    assert parsed.sorted_problems()


@given(
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(allow_nan=False)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(
                    [
                        "people",
                        "teams",
                        "routes",
                        "policies",
                        "steps",
                        "page",
                        "if",
                        "name",
                        "when",
                        "a",
                        "urgency",
                        "hours",
                        "storm",
                        "contacts",
                        "notify",
                        "high",
                        "layers",
                        "mapping",
                        "updates",
                        "key",
                    ]
                ),
                inner,
                max_size=5,
            ),
        ),
        max_leaves=30,
    )
)
@settings(max_examples=50)
def test_any_values_give_documents_or_problems(value: object) -> None:
    """Whatever shape the values have, each problem has a line."""
    sections = (
        value if isinstance(value, dict) else {"people": {"ann": value}, "routes": [value], "policies": {"p": value}}
    )
    content = json.dumps({"tocsin": 1, **sections})
    problems = plan.make([File(name="a.json", content=content)], KINDS, EMPTY, {}).problems
    assert all(one.line == 1 and one.column for one in problems)


def test_a_large_configuration_is_read_in_seconds() -> None:
    """A thousand people and integrations take no more than a few seconds."""
    people = "".join(
        f"  p{n}: {{name: Person {n}, email: p{n}@ex.org, contacts: {{w: {{email: p{n}@ex.org}}}}}}\n"
        for n in range(1000)
    )
    more = "".join(f"  i{n}: {{service: site, source: generic, key: key-number-{n}}}\n" for n in range(1000))
    content = (INTEGRATION % "abcdef123456").replace("people:\n", "people:\n" + people) + more
    started = time.thread_time()
    thought = plan.make([File(name="a.yaml", content=content)], KINDS, EMPTY, {})
    assert thought.problems == ()
    assert len(thought.state.snapshot.all("integrations", IntegrationDocument)) == 1001
    assert time.thread_time() - started < 10
