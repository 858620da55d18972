"""What the API answers when something is not as it should be: problem details that say what and where."""

from __future__ import annotations

from typing import Any

import pytest

from serving import Served

CASES: list[tuple[str, str, Any, int, str, str]] = [
    ("GET", "/groups/AG-999999", None, 404, "", "there is no alert group AG-999999"),
    ("GET", "/groups/nonsense", None, 404, "", "there is no alert group nonsense"),
    ("GET", "/groups?limit=100000", None, 422, "limit", "less than or equal to 200"),
    ("GET", "/groups?status=broken", None, 422, "status.0", "'open'"),
    ("GET", "/groups?statis=open", None, 422, "statis", "there is no such parameter here"),
    ("GET", "/me?verbose=1", None, 422, "verbose", "there is no such parameter here"),
    (
        "POST",
        "/pages?to=person:ann",
        {"to": ["person:ann"], "title": "x"},
        422,
        "to",
        "there is no such parameter here",
    ),
    ("POST", "/pages", {"to": ["person:ann"], "title": "x", "urgancy": "low"}, 422, "urgancy", "not permitted"),
    ("GET", "/nowhere", None, 404, "", "there is nothing at /api/v1/nowhere"),
    ("POST", "/nowhere", {}, 404, "", "there is nothing at /api/v1/nowhere"),
    ("GET", "/", None, 404, "", "there is nothing at /api/v1/"),
    ("PUT", "/groups", None, 405, "", "PUT is not for /api/v1/groups; it takes GET"),
    ("DELETE", "/config/plan", None, 405, "", "it takes POST"),
    ("OPTIONS", "/silences", None, 405, "", "it takes"),
    ("POST", "/what-if", b'{"integration": "x", "body": "' + b"a" * 11_000_000 + b'"}', 413, "", "takes 10 MB at once"),
    ("GET", "/signals/1", None, 404, "", "there is no signal 1"),
    ("GET", "/oncall?schedule=moon", None, 404, "", "there is no schedule `moon`; there are: first"),
    ("GET", "/oncall?at=2026-01-01T00:00:00", None, 422, "at", "no zone"),
    ("GET", "/groups?since=2026-01-01", None, 422, "since", "write it with Z or an offset"),
    ("GET", "/groups?until=2026-01-01T00:00:00", None, 422, "until", "no zone"),
    ("GET", "/groups?since=0001-01-01T00:00:00Z", None, 422, "since", "between the years 1970 and 2999"),
    ("GET", "/oncall?at=9999-12-31T23:59:59Z", None, 422, "at", "between the years 1970 and 2999"),
    ("GET", "/audit?since=2026-01-01&until=2026-02-01", None, 422, "since", "no zone"),
    ("POST", "/tokens", {"name": "x", "expires_at": "2026-12-05"}, 422, "expires_at", "no zone"),
    ("POST", "/what-if", {"integration": "x", "body": "", "at": "2026-01-01T00:00"}, 422, "at", "no zone"),
    (
        "POST",
        "/swaps",
        {"gives": {"schedule": "first", "start": "2027-01-01T00:00", "end": "2027-01-02T00:00Z"}},
        422,
        "gives.start",
        "no zone",
    ),
    (
        "POST",
        "/schedules/first/preview",
        {
            "document": {
                "name": "F",
                "timezone": "UTC",
                "layers": [{"name": "w", "rotation": "king", "start": "2026-01-05", "people": ["ann"]}],
            }
        },
        422,
        "layers.0.rotation",
        "'message': \"'king'",
    ),
    (
        "GET",
        "/schedules/first/shifts?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        None,
        422,
        "to",
        "the end must be after the start",
    ),
    ("GET", "/config/documents/planets", None, 404, "", "there is no section `planets`"),
    ("GET", "/config/documents/people/zoe", None, 404, "", "there is no person `zoe`"),
    ("PUT", "/config/documents/services/X", {"name": "X", "team": "shop"}, 422, "services.X", "cannot be called 'X'"),
    ("PUT", "/config/documents/services/-x", {"name": "X", "team": "shop"}, 422, "services.-x", "use lower-case"),
    ("PUT", f"/config/documents/teams/{'a' * 150}", {"name": "X"}, 422, f"teams.{'a' * 150}", "use lower-case"),
    ("POST", "/pages", {"title": "x"}, 422, "to", "nobody is named"),
    ("POST", "/pages", {"to": ["person:zoe"], "title": "x"}, 422, "to.0", "there is no person `zoe`"),
    ("POST", "/pages", {"to": ["zoe"], "title": "x"}, 422, "to.0", "is not somebody to page"),
    ("POST", "/pages", {"to": ["person:ann"]}, 422, "title", "field required"),
    ("POST", "/pages", b'{"to": [],\n not json', 400, "", "double quotes in line 2, column 2"),
    ("POST", "/pages", b'{"title": "\xff"}', 400, "", "the body is not JSON: what begins at byte 12 is not UTF-8"),
    ("POST", "/pages", b"[" * 200_000, 400, "", "the body is nested too deep"),
    ("POST", "/silences", {"matchers": ["x"], "comment": "c", "for": "1h"}, 422, "matchers.0", "is not a matcher"),
    ("POST", "/silences", {"matchers": ['x!="y"'], "comment": "c", "for": "1h"}, 422, "matchers", "match everything"),
    ("POST", "/silences", {"matchers": ['x="y"'], "comment": "c"}, 422, "ends_at", "either `ends_at` or `for`"),
    ("POST", "/silences", {"matchers": ['x="y"'], "comment": "c", "for": "soon"}, 422, "for", "is not a duration"),
    ("POST", "/silences", {"matchers": ['x="y"'], "comment": "c", "for": "9999d"}, 422, "for", "longer than ten years"),
    ("POST", "/tokens", {"name": "x", "expires_at": "2020-01-01T00:00:00Z"}, 422, "expires_at", "in the past"),
    ("POST", "/what-if", {"integration": "none", "body": "{}"}, 404, "", "there is no integration 'none'"),
    ("POST", "/people/ann/contacts/fax/verification", None, 404, "", "ann has no contact `fax`; there are: inbox"),
    ("PUT", "/people/bob/contacts/inbox/verification", {"code": "1"}, 422, "code", "no code is waiting"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "field", "words"), CASES)
def test_a_problem_says_what_and_where(
    served: Served, method: str, path: str, body: Any, status: int, field: str, words: str
) -> None:
    """Each answer is RFC 9457 problem details with the status, the field and words that help."""
    answer = served.api("ann", method, path, body)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.body["type"], answer.body["status"]) == ("about:blank", status)
    assert words in str(answer.body), answer.body
    assert not field or answer.body["errors"][0]["field"] == field


def test_a_stranger_is_told_how_to_come_in(served: Served) -> None:
    """Without a token, or with a wrong one, the answer is 401 with the scheme."""
    for token in ("", "tsn_wrong", "x" * 5000):
        answer = served.api(token, "GET", "/groups")
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_wrong_file_is_told_with_lines(served: Served) -> None:
    """What is wrong with a configuration is told with file, line, path and the fix, and nothing is changed."""
    broken = "tocsin: 1\nteams:\n  shop: {name: Shop, membres: [ann]}\n"
    body = {"files": [{"name": "broken.yaml", "content": broken}]}
    before = served.api("ann", "GET", "/config/versions").body["versions"]
    answer = served.api("ann", "POST", "/config/apply", body)
    assert answer.status == 422
    told = answer.body["errors"][0]
    assert (told["file"], told["line"], told["field"]) == ("broken.yaml", 3, "teams.shop.membres")
    assert told["fix"] == "did you mean `members`?"
    assert served.api("ann", "GET", "/config/versions").body["versions"] == before


def test_the_servers_environment_stays_its_own(served: Served) -> None:
    """A file sent through the API cannot read the server's environment."""
    content = "tocsin: 1\nteams: {t: {name: '${TOCSIN_METRICS_TOKEN}'}}\n"
    answer = served.api("ann", "POST", "/config/plan", {"files": [{"name": "x.yaml", "content": content}]})
    problem = answer.body["problems"][0]
    assert problem["message"] == "no value is given for the variable TOCSIN_METRICS_TOKEN"
    assert "in `variables` of a request to the API" in problem["fix"]
    assert "for-the-tests" not in str(answer.body)


def test_head_answers_as_get_does(served: Served) -> None:
    """A monitor that asks with HEAD hears the status and the headers of the GET."""
    for path, status in (("/groups", 200), ("/groups/AG-999999", 404)):
        heard, read = (served.api("ann", method, path) for method in ("HEAD", "GET"))
        assert (heard.status, read.status) == (status, status)
        assert heard.headers["content-type"] == read.headers["content-type"]
        assert not heard.body


def test_what_was_meant_is_named(served: Served) -> None:
    """A slip of the pen is answered with the parameter that is near it, anything else with all there are."""
    assert served.api("ann", "GET", "/groups?statis=open").body["errors"][0]["fix"] == "did you mean `status`?"
    assert served.api("ann", "GET", "/audit?xyz=1").body["errors"][0]["fix"].startswith("there are: ")
    assert served.api("ann", "GET", "/me?x=1").body["errors"][0]["fix"] == "there are none here"


def test_a_stranger_hears_of_the_token_first(served: Served) -> None:
    """Whoever may not come in is not told what could be asked."""
    assert served.call("", "GET", "/api/v1/groups?statis=open").status == 401
