"""The editor of documents: planned before it is applied, told by line, nobody's change lost, no secret shown or lost."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from house import House, words
from tocsin.catalog import editing
from tocsin.config import queries, secrecy
from tocsin.config.actions import Applied, Refused
from tocsin.kit import clock, db
from tocsin.people import queries as people
from tocsin.people.models import User
from world import wake

POLICY = "name: Night\nsteps:\n- page: [person:ann]\n  wait: 5m\n"
SECRET = "a-key-that-nobody-may-read-42"


def hidden(html: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return found[1] if found else ""


def text_of(html: str) -> str:
    return unescape(html.split('name="content"')[1].split(">", 1)[1].split("</textarea>", maxsplit=1)[0])


def plan(browser: Client, path: str, content: str, **more: str) -> str:
    answer = browser.post(path, {"content": content, "base": str(version()), "do": "plan", **more})
    return answer.content.decode()


def apply(browser: Client, path: str, content: str, **more: str):
    """Plan, then apply what was planned."""
    html = plan(browser, path, content, **more)
    form = {"content": content, "base": hidden(html, "base"), "planned": hidden(html, "planned"), "do": "apply"}
    return browser.post(path, {**form, **more})


def version() -> int:
    return queries.current(db.reader(clock.now())).version


def document(section: str, name: str):
    return queries.current(db.reader(clock.now())).sections.get(section, {}).get(name)


def make_integration(browser: Client) -> None:
    content = f"service: web\nsource: generic\nkey: {SECRET}\n"
    assert apply(browser, "/configuration/new/integrations", content, name="odds").status_code == 303


def test_a_new_document_is_planned_and_then_made(house: House) -> None:
    """The plan says what would change and changes nothing; Apply does it, under the name of who pressed it."""
    browser = house.client("dan")
    html = plan(browser, "/configuration/new/policies", POLICY, name="night")
    assert "Policy night is added" in words(html.encode())
    assert document("policies", "night") is None
    answer = apply(browser, "/configuration/new/policies", POLICY, name="night", message="for the nights")
    assert (answer.status_code, answer["Location"]) == (303, "/configuration/edit/policies/night")
    held = queries.versions(db.reader(clock.now()), limit=1)[0]
    assert (held.by, held.message) == ("person:dan", "for the nights")
    assert queries.current(db.reader(clock.now())).managed_by["policies", "night"] == "ui"
    page = browser.get("/configuration/edit/policies/night").content.decode()
    assert "person:ann" in text_of(page)


def test_only_what_was_planned_is_applied(house: House) -> None:
    """A text that changed after the plan is planned again, not applied unseen."""
    browser = house.client("dan")
    html = plan(browser, "/configuration/new/policies", POLICY, name="night")
    form = {"name": "night", "base": hidden(html, "base"), "planned": hidden(html, "planned"), "do": "apply"}
    answer = browser.post("/configuration/new/policies", {**form, "content": POLICY.replace("5m", "9m")})
    assert answer.status_code == 200
    assert document("policies", "night") is None


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("name: Night\nsteps:\n- page: [person:ann]\n  wait: soon\n", 4, "is not a duration"),
        ("name: Night\nsteps:\n- page: [person:nobody]\n", 3, "there is no person"),
        ("name: Night\nstep:\n- page: [person:ann]\n", 2, "is not known here"),
        ("name: Night\nsteps: [\n", 3, "this is not YAML"),
        ("name: Night\nsteps:\n- page: [person:ann]\nthen: night\n", 4, "in a circle"),
    ],
)
def test_what_is_wrong_is_told_by_line(house: House, content: str, line: int, said: str) -> None:
    """Each mistake has its line and a remedy, while typing as well as after Plan; what was typed stays."""
    browser = house.client("dan")
    answer = browser.post("/configuration/new/policies", {"content": content, "name": "night", "do": "plan"})
    assert answer.status_code == 422
    assert text_of(answer.content.decode()).strip() == content.strip()
    typed = browser.post("/configuration/problems", {"section": "policies", "name": "night", "content": content})
    for html in (answer.content.decode(), typed.content.decode()):
        assert f'data-line="{line}"' in html, html
        assert said in unescape(html)


def test_a_bad_name_is_told_at_its_field(house: House) -> None:
    """A name that cannot be, or that is taken, is told where it was written."""
    browser = house.client("dan")
    for name, said in [
        ("Not a name", "lower-case letters"),
        ("", "lower-case letters"),
        ("web", "of this name already"),
    ]:
        html = plan(browser, "/configuration/new/policies", POLICY, name=name)
        assert said in html.split('id="name-wrong"')[1].split("</p>")[0]
        assert "What this would do" not in html


def test_what_a_file_manages_is_read_only(house: House) -> None:
    """The page says which file, shows the document, and refuses a POST."""
    browser = house.client("dan")
    page = browser.get("/configuration/edit/policies/web").content.decode()
    assert "The file story.yaml brings this" in page
    assert "readonly" in page
    answer = browser.post("/configuration/edit/policies/web", {"content": POLICY, "do": "apply"})
    assert answer.status_code == 422
    assert "story.yaml" in answer.content.decode()
    assert document("policies", "web").name == "Web"


def test_an_outdated_base_is_told_and_nothing_is_lost(house: House) -> None:
    """Whoever comes second sees what the first changed, keeps their text, and can then apply it knowingly."""
    browser = house.client("dan")
    apply(browser, "/configuration/new/policies", POLICY, name="night")
    old = str(version())
    path = "/configuration/edit/policies/night"
    assert apply(house.client("dan"), path, POLICY.replace("5m", "7m")).status_code == 303
    mine = POLICY.replace("Night", "Nightly")
    answer = browser.post(path, {"content": mine, "base": old, "do": "apply", "planned": "whatever"})
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "waits 7m (was 5m)" in words(answer.content)
    assert "Nightly" in text_of(html)
    assert document("policies", "night").name == "Night"
    form = {"content": mine, "base": hidden(html, "base"), "planned": hidden(html, "planned"), "do": "apply"}
    assert browser.post(path, form).status_code == 303
    assert document("policies", "night").name == "Nightly"


def test_a_change_elsewhere_is_no_conflict(house: House) -> None:
    """An older base is no hindrance as long as this document is the same."""
    browser = house.client("dan")
    apply(browser, "/configuration/new/policies", POLICY, name="night")
    old = str(version())
    apply(browser, "/configuration/new/policies", POLICY, name="other")
    path = "/configuration/edit/policies/night"
    content = POLICY.replace("5m", "7m")
    html = browser.post(path, {"content": content, "base": old, "do": "plan"}).content.decode()
    form = {"content": content, "base": old, "planned": hidden(html, "planned"), "do": "apply"}
    assert browser.post(path, form).status_code == 303


def test_a_gap_takes_a_second_word(house: House) -> None:
    """What leaves times without anybody is told before, and needs the box that says it is meant."""
    house.world.policy("night", wake("schedule:primary"))
    browser = house.client("dan")
    apply(browser, "/configuration/new/policies", POLICY, name="late")
    house.world.config["schedules"]["none"] = {**house.world.config["schedules"]["primary"]}
    path = "/configuration/edit/policies/late"
    empty = "name: Night\nsteps:\n- page: [team:nobody]\n"
    apply(browser, "/configuration/new/teams", "name: Nobody\n", name="nobody")
    html = plan(browser, path, empty)
    assert "Nobody would be there" in words(html.encode())
    form = {"content": empty, "base": hidden(html, "base"), "planned": hidden(html, "planned"), "do": "apply"}
    assert browser.post(path, form).status_code == 200
    assert document("policies", "late").name == "Night"
    assert str(document("policies", "late").steps[0].page[0]) == "person:ann"
    assert browser.post(path, {**form, "force": "yes"}).status_code == 303
    assert str(document("policies", "late").steps[0].page[0]) == "team:nobody"


def test_a_secret_is_never_shown_and_never_lost(house: House) -> None:
    """No page shows it; a document edited around it keeps it; a new one replaces it."""
    browser = house.client("dan")
    make_integration(browser)
    path = "/configuration/edit/integrations/odds"
    page = browser.get(path).content.decode()
    assert SECRET not in page
    assert secrecy.HIDDEN in text_of(page)
    content = text_of(page).replace("generic", "sentry")
    answer = apply(browser, path, content)
    assert answer.status_code == 303
    held = document("integrations", "odds")
    assert (held.key, held.source) == (SECRET, "sentry")
    for other in ("/configuration", "/configuration/history", f"/configuration/history/{version()}", path):
        assert SECRET not in browser.get(other).content.decode()
    assert SECRET not in browser.get("/configuration/export").content.decode()
    assert SECRET not in browser.get("/configuration/apply?whole=1").content.decode()
    apply(browser, path, content.replace(secrecy.HIDDEN, "another-key-entirely"))
    assert document("integrations", "odds").key == "another-key-entirely"


def test_hidden_means_nothing_where_nothing_was(house: House) -> None:
    """The word for a secret is refused in a new document: it would become the secret itself."""
    content = "service: web\nsource: sentry\nkey: abcdef123456\nsecret: (hidden)\n"
    html = plan(house.client("dan"), "/configuration/new/integrations", content, name="odds")
    assert "nothing was hidden here before" in html
    assert 'data-line="4"' in html


def test_what_is_read_and_written_back_keeps_its_secret(house: House) -> None:
    """The same holds for programs, and for every other page that writes documents."""
    make_integration(house.client("dan"))
    who = people.actor_of(db.reader(clock.now()), User.objects.get(email="dan@tocsin.test"))
    body = {"service": "web", "source": "sentry", "key": secrecy.HIDDEN}
    assert isinstance(editing.put(who, "integrations", "odds", body), Applied)
    assert document("integrations", "odds").key == SECRET
    refused = editing.put(who, "integrations", "evens", {**body, "key": "abcdef123456", "secret": secrecy.HIDDEN})
    assert isinstance(refused, Refused)
    assert refused.problems[0].path == ("integrations", "evens", "secret")


def test_nothing_of_the_environment_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in a text written here is no way to read what the server was started with."""
    monkeypatch.setenv("TOCSIN_TEST_VARIABLE", "of-the-environment")
    browser = house.client("dan")
    content = POLICY.replace("Night", "${TOCSIN_TEST_VARIABLE}")
    for html in (
        plan(browser, "/configuration/new/policies", content, name="night"),
        plan(browser, "/configuration/apply", "tocsin: 1\nx-note: ${TOCSIN_TEST_VARIABLE}\n"),
    ):
        assert "of-the-environment" not in html
        assert "filled in by `tocsin apply` alone" in html


def test_a_refusal_shows_no_secret(house: House) -> None:
    """Not even a document that is wrong all over tells what the hidden word stood for."""
    browser = house.client("dan")
    make_integration(browser)
    content = "service: nowhere\nsource: nothing\nkey: (hidden)\nhold: never\n"
    assert SECRET not in plan(browser, "/configuration/edit/integrations/odds", content)


def test_the_whole_configuration_as_text(house: House) -> None:
    """Loaded, changed and applied: what was not touched is as it was, with its secrets; what is left out is removed."""
    browser = house.client("dan")
    make_integration(browser)
    apply(browser, "/configuration/new/policies", POLICY, name="night")
    whole = text_of(browser.get("/configuration/apply?whole=1").content.decode())
    assert "This changes nothing" in plan(browser, "/configuration/apply", whole, alone="yes")
    changed = whole.replace("name: Night", "name: Nightly")
    assert apply(browser, "/configuration/apply", changed, alone="yes").status_code == 303
    assert document("policies", "night").name == "Nightly"
    assert document("integrations", "odds").key == SECRET
    snapshot = queries.current(db.reader(clock.now()))
    assert snapshot.managed_by["policies", "web"] == "file"
    assert snapshot.managed_by["policies", "night"] == "ui"


def test_pasted_text_cannot_change_what_a_file_manages(house: House) -> None:
    """The line is told, and the file; with everything else left out, so is what is missing."""
    browser = house.client("dan")
    content = "tocsin: 1\npolicies:\n  web:\n    name: Ours\n    steps: [{page: [person:ann]}]\n"
    html = plan(browser, "/configuration/apply", content)
    assert "policy web is managed by the file story.yaml" in html
    assert 'data-line="3"' in html
    assert "is missing here" in plan(browser, "/configuration/apply", "tocsin: 1\n", alone="yes")


def test_a_pasted_file_can_be_managed_by_its_file(house: House) -> None:
    """As `tocsin apply` would: under its name and scope."""
    browser = house.client("dan")
    content = "tocsin: 1\npolicies:\n  night:\n    name: Night\n    steps: [{page: [person:ann]}]\n"
    owned = {"managed_by": "file", "file": "night.yaml", "scope": "night"}
    assert "A file needs a name" in plan(browser, "/configuration/apply", content, managed_by="file")
    assert apply(browser, "/configuration/apply", content, **owned).status_code == 303
    assert "The file night.yaml (scope night)" in browser.get("/configuration/edit/policies/night").content.decode()


def test_a_team_manager_edits_their_team_s_documents_only(house: House) -> None:
    """Bob may write services of his team and give them to no other; the whole configuration is not his."""
    bob = house.client("bob")
    service = "name: Till\nteam: web\npolicy: web\n"
    assert apply(bob, "/configuration/new/services", service, name="till").status_code == 303
    path = "/configuration/edit/services/till"
    assert bob.post(path, {"content": service.replace("team: web", "team: platform")}).status_code == 403
    assert bob.post("/configuration/new/policies", {"content": POLICY, "name": "x"}).status_code == 403
    assert bob.get("/configuration/apply").status_code == 403
    assert house.client("ann").post(path, {"content": service}).status_code == 403
    assert "may read this" in house.client("ann").get(path).content.decode()


def test_removing_shows_first_what_it_means(house: House) -> None:
    """A GET changes nothing and says what would; what others need is not removed."""
    browser = house.client("dan")
    apply(browser, "/configuration/new/policies", POLICY, name="night")
    apply(browser, "/configuration/new/services", "name: Till\nteam: web\npolicy: night\n", name="till")
    assert "there is no policy `night`" in unescape(
        browser.get("/configuration/remove/policies/night").content.decode()
    )
    page = browser.get("/configuration/remove/services/till").content.decode()
    assert "Service till is removed" in words(page.encode())
    assert document("services", "till") is not None
    answer = browser.post("/configuration/remove/services/till", {"base": hidden(page, "base")})
    assert answer.status_code == 303
    assert document("services", "till") is None
    stale = browser.post("/configuration/remove/policies/night", {"base": "1"})
    assert stale.status_code == 409
    assert document("policies", "night") is not None


names = st.text("abcdefgh", min_size=1, max_size=8)
plain = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=6, max_size=30).map(str.strip)


@given(st.dictionaries(names, plain.filter(lambda text: len(text) >= 6), min_size=1, max_size=4), st.data())
@settings(max_examples=60)
def test_editing_around_secrets_keeps_them(secrets: dict[str, str], data: st.DataObject) -> None:
    """Whatever else changes, each hidden secret is the one there was at the same place."""
    from tocsin.people.domain import PersonDocument

    contacts = {name: {"webhook": "https://hooks.example.com", "secret": held} for name, held in secrets.items()}
    before = PersonDocument.model_validate({"name": "Ann", "email": "ann@example.com", "contacts": contacts})
    shown = secrecy.covered(secrecy.dump(before), secrecy.paths(before), lambda _path, _held: secrecy.HIDDEN)
    gone = data.draw(st.sets(st.sampled_from(sorted(secrets))))
    for name in gone:
        del shown["contacts"][name]
    shown["name"] = "Ann Lee"
    after = PersonDocument.model_validate(secrecy.kept(shown, before))
    assert {name: one.secret for name, one in after.contacts.items()} == {
        name: held for name, held in secrets.items() if name not in gone
    }
