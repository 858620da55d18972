"""Where a signal belongs: routes in their order, and what holds where none matches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import rules
from tocsin.alerts.domain import BY_HAND, OWN, UNROUTED, Dropped, IntegrationRules, Route, Routed, ServiceRules
from tocsin.alerts.rules import Rulebook
from tocsin.kit import matchers
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Action, Severity, Signal

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
labels = st.dictionaries(st.sampled_from(["app", "env", "host"]), st.sampled_from(["a", "b", ""]), max_size=3)


def book(*routes: Route) -> Rulebook:
    """Two services and one integration, with these routes."""
    services = {name: ServiceRules(name=name, title=name.title(), tier=1, team="t") for name in ("web", "shop")}
    how = IntegrationRules(name="web", service="web", source="x", group_by=("app",), hold=timedelta(minutes=2))
    return Rulebook(routes=routes, integrations={"web": how}, services=services)


def route(place: int, *when: str, **effects: object) -> Route:
    """One route."""
    return Route(place=place, when=tuple(matchers.parse(one) for one in when), **effects)


def signal(**said: str) -> Signal:
    """A trigger with these labels."""
    return Signal(action=Action.TRIGGER, dedup_key="k", title="disk full", severity=Severity.HIGH, labels=said)


def found(rulebook: Rulebook, one: Signal, integration: str = "web") -> Routed:
    """Where it belongs, if it is not dropped."""
    placed = rules.route(rulebook, integration, one, NOW)
    assert isinstance(placed, Routed)
    return placed


def test_without_a_route_the_integration_decides() -> None:
    """Service, grouping and hold are the integration's."""
    placed = found(book(), signal(app="a"))
    assert (placed.service, placed.group_key, placed.hold, placed.route) == ("web", "app=a", timedelta(minutes=2), None)


def test_the_first_route_that_matches_decides_alone() -> None:
    """A later route that matches as well changes nothing, not even what the first leaves open."""
    first = route(1, 'app="a"', service="shop")
    second = route(2, 'app=~".*"', urgency=Urgency.LOW, severity=Severity.INFO)
    placed = found(book(first, second), signal(app="a"))
    assert (placed.service, placed.urgency, placed.severity, placed.route) == (
        "shop",
        Urgency.HIGH,
        Severity.HIGH,
        1,
    )


def test_a_dropping_route_says_why() -> None:
    """What is dropped carries the route's place and words."""
    assert rules.route(book(route(1, 'app="a"', drop="noise")), "web", signal(app="a"), NOW) == Dropped(
        route=1, why="noise"
    )


@pytest.mark.parametrize("integration", ["gone", "web-of-yesterday"])
def test_an_integration_that_is_gone_leaves_it_to_nobody(integration: str) -> None:
    """Its signals belong to no service, which the administrators answer for; no label can change that."""
    assert found(book(), signal(service="shop"), integration).service == UNROUTED


@pytest.mark.parametrize("integration", [BY_HAND, OWN])
def test_our_own_signals_obey_no_route(integration: str) -> None:
    """What people page by hand and what Tocsin says of itself cannot be dropped, and names its service itself."""
    everything = route(1, drop="everything")
    assert found(book(everything), signal(service="shop"), integration).service == "shop"
    assert found(book(everything), signal(), integration).service == UNROUTED


@pytest.mark.parametrize(
    "matcher",
    [
        'severity="high"',
        'integration="web"',
        'service="web"',
        'title="disk full"',
        'tier="1"',
        'team="t"',
        'app="a"',
    ],
)
def test_what_matchers_see(matcher: str) -> None:
    """A signal's own labels, and what is known of it."""
    assert found(book(route(1, matcher, urgency=Urgency.LOW)), signal(app="a")).urgency is Urgency.LOW


@pytest.mark.parametrize("label", ["severity", "integration"])
def test_a_sender_cannot_say_what_only_we_know(label: str) -> None:
    """A label of the sender's does not stand in for the severity read or the integration it came through."""
    assert found(book(route(1, f'{label}="forged"', urgency=Urgency.LOW)), signal(**{label: "forged"})).route is None


@given(labels, labels)
def test_the_group_key_is_the_chosen_labels_and_nothing_else(one: dict[str, str], other: dict[str, str]) -> None:
    """Two signals share a group if and only if the labels grouped by are equal, a missing one being empty."""
    same = one.get("app", "") == other.get("app", "")
    assert (found(book(), signal(**one)).group_key == found(book(), signal(**other)).group_key) is same


@given(
    st.permutations([route(1, 'app="a"', service="shop"), route(2, 'env="a"', drop="x"), route(3, 'host="a"')]), labels
)
def test_routing_depends_on_nothing_but_the_order(routes: list[Route], said: dict[str, str]) -> None:
    """The route taken is the first in order whose conditions hold, for every order and every signal."""
    rulebook = book(*routes)
    placed = rules.route(rulebook, "web", signal(**said), NOW)
    seen = rules.match_labels(rulebook, "web", "web", signal(**said))
    expected = next((one.place for one in routes if matchers.all_match(one.when, seen)), None)
    assert placed.route == expected
