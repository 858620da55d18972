"""Through the API: test alerts, searches that people keep, invitations."""

from __future__ import annotations

from urllib.request import urlopen

from serving import Served


def test_a_test_alert_is_followed_to_its_group(served: Served) -> None:
    """It is accepted, told by a number, and becomes a group with the label that says it is a test."""
    sent = served.api("dan", "POST", "/integrations/odds/test")
    assert (sent.status, sent.body["integration"], sent.body["signals"]) == (202, "odds", [])
    path = f"/integrations/odds/test/{sent.body['number']}"
    found = served.wait_for(path, lambda body: not body["waiting"], who="cleo")
    (signal,) = found["signals"]
    assert signal["integration"] == "odds"
    assert signal["outcome"] in ("opened", "reopened", "refreshed")  # others may have tried it on this server before
    labels = served.api("cleo", "GET", f"/groups/{signal['group']}").body["alerts"][0]["labels"]
    assert labels["test"] == "yes"
    assert served.api("cleo", "GET", path.replace("odds", "helpdesk")).status == 404
    assert served.api("dan", "POST", "/integrations/nowhere/test").status == 404


def test_searches_are_everybodys_own(served: Served) -> None:
    """Kept, replaced under the same name, dropped; of what cannot be asked for nothing is kept; others see none of it."""
    made = served.api("cleo", "POST", "/searches", {"name": " Night ", "query": "team=shop&status=open&page=9&q="})
    assert (made.status, made.body["name"], made.body["query"]) == (201, "Night", "team=shop&status=open")
    again = served.api("cleo", "POST", "/searches", {"name": "Night", "query": "urgency=low"}).body
    assert again["asked"] == {"urgency": "low"}
    assert _kept_as(served, "Night") == [again["id"]]
    nothing = served.api("cleo", "POST", "/searches", {"name": "Nothing", "query": "page=9"})
    assert (nothing.status, nothing.body["errors"][0]["field"]) == (422, "query")
    assert "Night" not in str(served.api("bob", "GET", "/searches").body)
    assert served.api("bob", "DELETE", f"/searches/{again['id']}").status == 404
    assert served.api("cleo", "DELETE", f"/searches/{again['id']}").status == 204
    assert _kept_as(served, "Night") == []


def test_somebody_is_invited_again_and_not_after_all(served: Served) -> None:
    """A person of the configuration gets an account and a link; each new one ends the last; the audit tells all of it."""
    person = {"name": "Yuri Yev", "email": "yuri@acme.example", "role": "viewer"}
    assert served.api("ann", "PUT", "/config/documents/people/yuri", person).status == 200
    made = served.api("ann", "POST", "/people/yuri/account")
    assert (made.status, made.body["standing"], made.body["person"]) == (201, "invited", "yuri")
    assert served.api("ann", "POST", "/people/yuri/account").status == 409
    first, path = made.body["link"], f"/accounts/{made.body['id']}"
    second = served.api("ann", "POST", f"{path}/invitation").body["link"]
    assert (served.call("", "GET", first[first.index("/password/") :]).status, _opens(served, second)) == (410, 200)
    assert served.api("ann", "DELETE", f"{path}/invitation").status == 204
    assert served.api("ann", "DELETE", f"{path}/invitation").status == 404
    assert served.call("", "GET", second[second.index("/password/") :]).status == 410
    assert served.api("ann", "GET", path).body["standing"] == "open"
    told = [one["what"] for one in served.api("ann", "GET", "/audit?what=accounts&q=yuri").body["entries"]]
    assert told == ["InvitationWithdrawn", "InvitationSent", "InvitationSent", "AccountOpened"]
    assert served.api("ann", "POST", "/people/nobody/account").status == 404


def _kept_as(served: Served, name: str) -> list[int]:
    """The numbers of Cleo's searches of this name."""
    return [one["id"] for one in served.api("cleo", "GET", "/searches").body["searches"] if one["name"] == name]


def _opens(served: Served, link: str) -> int:
    with urlopen(served.url + link[link.index("/password/") :], timeout=20) as answer:
        return int(answer.status)
