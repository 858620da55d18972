"""Alert groups through the API: lists, one group, and what people do to it."""

from __future__ import annotations

from serving import Served


def test_a_page_climbs_until_somebody_answers_through_the_api(served: Served) -> None:
    """Cleo is paged and told why; Ann acknowledges, and the group says who has it and that nobody else is woken."""
    number = served.trouble("the till is stuck")
    pages = served.wait_for(f"/groups/{number}/pages", lambda body: body["pages"])["pages"]
    assert [(page["person"], page["reason"]) for page in pages] == [("cleo", "named by the step")]
    following = served.api("ann", "GET", f"/groups/{number}/escalations").body["escalations"][0]["next"]
    assert following == {
        "policy": "shop",
        "step": 2,
        "cycle": 1,
        "targets": ["schedule:first"],
        "last_resort": False,
    }
    answer = served.api("ann", "POST", f"/groups/AG-{number}/acknowledgement")
    assert (answer.status, answer.body["status"], answer.body["acknowledged_by"]) == (200, "acknowledged", "person:ann")
    shown = served.api("ann", "GET", f"/groups/{number}").body
    assert [alert["title"] for alert in shown["alerts"]] == ["the till is stuck"]
    assert "EscalationStopped" in [fact["name"] for fact in shown["journal"]]
    escalations = served.api("ann", "GET", f"/groups/{number}/escalations").body["escalations"]
    assert [(one["status"], one["next"]) for one in escalations] == [("stopped", None)]


def test_what_happens_to_a_group_in_turn(served: Served) -> None:
    """A group is snoozed, given a note, resolved; what its status does not allow is a conflict that says so."""
    number = served.trouble("the lamp flickers")
    path = f"/groups/{number}"
    assert served.api("cleo", "POST", f"{path}/snooze", {"for": "2h"}).body["status"] == "snoozed"
    assert served.api("cleo", "POST", f"{path}/notes", {"text": "a bulb"}).status == 201
    assert served.api("cleo", "DELETE", f"{path}/acknowledgement").status == 409
    assert served.api("cleo", "POST", f"{path}/resolution").body["resolved_by"] == "person:cleo"
    refused = served.api("cleo", "POST", f"{path}/acknowledgement")
    assert (refused.status, refused.body["group_status"]) == (409, "resolved")
    assert refused.body["detail"] == "it is resolved, so it cannot be acknowledged"
    assert served.api("cleo", "POST", f"{path}/escalation").status == 409


def test_lists_are_filtered_and_paged(served: Served) -> None:
    """Filters narrow a list, and following `next` to its end gives each group exactly once, newest first."""
    made = [served.trouble(f"tallied {name}") for name in ("one", "two", "three")]
    served.api("ann", "POST", f"/groups/{made[1]}/resolution")
    seen: list[int] = []
    before = ""
    while True:
        body = served.api("dan", "GET", f"/groups?q=tallied&limit=2{before}").body
        seen += [one["id"] for one in body["groups"]]
        if body["next"] is None:
            break
        before = f"&before={body['next']}"
    assert seen == sorted(made, reverse=True)
    open_ones = served.api("dan", "GET", "/groups?q=tallied&status=open&status=acknowledged").body["groups"]
    assert [one["id"] for one in open_ones] == [made[2], made[0]]
    assert served.api("dan", "GET", "/groups?q=tallied&team=platform").body["groups"] == []
    assert len(served.api("dan", "GET", "/groups?q=tallied&team=shop&urgency=high").body["groups"]) == 3
    assert served.api("dan", "GET", "/groups?q=100%25_sure").body["groups"] == []


def test_a_signal_says_what_became_of_it_and_shows_what_came(served: Served) -> None:
    """The signal behind a group tells outcome and reason, and its raw request is kept as it was received."""
    number = served.trouble("the fan is loud")
    signals = served.api("dan", "GET", f"/signals?group={number}").body["signals"]
    assert [(one["outcome"], one["reason"]) for one in signals] == [("opened", "new problem")]
    shown = served.api("dan", "GET", f"/signals/{signals[0]['id']}").body
    assert '"summary": "the fan is loud"' in shown["raw"]["body"]
    assert shown["said"]["title"] == "the fan is loud"
    explained = served.api("dan", "GET", f"/groups/{number}/explanation").body
    assert [one["id"] for one in explained["signals"]] == [signals[0]["id"]]
    assert [page["person"] for page in explained["pages"]] == ["cleo"]


def test_paging_by_hand(served: Served) -> None:
    """Somebody is paged at once; the same Idempotency-Key again is the same page."""
    key = {"Idempotency-Key": "once"}
    body = {"to": ["person:bob"], "title": "please look at the invoices"}
    first = served.call("cleo", "POST", "/api/v1/pages", body, key)
    again = served.call("cleo", "POST", "/api/v1/pages", body, key)
    assert (first.status, again.status) == (201, 201)
    assert first.body["id"] == again.body["id"]
    pages = served.wait_for(f"/groups/{first.body['id']}/pages", lambda found: found["pages"])["pages"]
    assert [(page["person"], page["reason"]) for page in pages] == [("bob", "named by the step")]
    mine = served.api("bob", "GET", "/pages?person=bob").body["pages"]
    assert first.body["id"] in [page["group"] for page in mine]


def test_a_silence_quiets_what_matches_and_ends(served: Served) -> None:
    """While it is active a new problem pages nobody; when it is ended the problem pages."""
    silence = {"matchers": ['title=~"the radio.*"'], "comment": "too loud", "for": "1h"}
    made = served.api("cleo", "POST", "/silences", silence)
    assert (made.status, made.body["author"], made.body["active"]) == (201, "person:cleo", True)
    number = served.trouble("the radio hums")
    assert served.api("dan", "GET", f"/groups/{number}").body["suppressed_by"] == f"silence:{made.body['id']}"
    assert served.api("cleo", "DELETE", f"/silences/{made.body['id']}").status == 204
    assert served.api("dan", "GET", f"/groups/{number}").body["status"] == "open"
    assert served.api("cleo", "DELETE", f"/silences/{made.body['id']}").status == 409
    listed = served.api("dan", "GET", "/silences?ended=true").body["silences"]
    assert made.body["id"] in [one["id"] for one in listed]
