"""Routes as documents: what an alert's labels say about where it goes and how loud it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from tocsin.alerts.domain import MATCHERS_MAX
from tocsin.catalog.domain import GROUP_LABELS_MAX, HOLD_MAX, LabelName
from tocsin.config.domain import Document, Duration, Finding, Kind, Level, Reference, Shape, Snapshot, lasting, wrong
from tocsin.kit import matchers
from tocsin.people.domain import Urgency
from tocsin.sources.domain import Severity

REASON_CHARS_MAX = 500


def _matcher(written: str) -> str:
    matchers.parse(written)
    return written


MatcherText = Annotated[str, AfterValidator(_matcher), Field(examples=['severity="critical"', 'env=~"prod|live"'])]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_CHARS_MAX)]

_EFFECTS = ("service", "urgency", "severity", "drop", "suppress", "group_by", "hold")


class RouteDocument(Document):
    """If an alert's labels match, this is what happens to it. The first route that matches decides, alone."""

    when: Annotated[tuple[MatcherText, ...], Field(max_length=MATCHERS_MAX)] = Field(
        description="Conditions on labels that must all hold; an empty list matches everything."
    )
    service: str | None = Field(default=None, description="The service it belongs to.")
    urgency: Urgency | None = Field(default=None, description="The urgency, whatever the service says.")
    severity: Severity | None = Field(default=None, description="The severity, whatever the sender says.")
    drop: Reason | None = Field(default=None, description="Opens nothing; the text is the reason people will read.")
    suppress: Reason | None = Field(
        default=None, description="Opens a group that pages nobody; the text is the reason."
    )
    group_by: Annotated[tuple[LabelName, ...], Field(max_length=GROUP_LABELS_MAX)] | None = Field(
        default=None, description="Labels to group by instead of the integration's."
    )
    hold: Annotated[Duration, lasting(most=HOLD_MAX)] | None = Field(
        default=None, description="Wait this long before anyone is paged, instead of what the integration says."
    )

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        effects = [name for name in _EFFECTS if getattr(self, name) is not None]
        if not effects:
            raise wrong("this route changes nothing", fix=f"add one of {', '.join(_EFFECTS)}")
        if self.drop is not None and len(effects) > 1:
            other = next(name for name in effects if name != "drop")
            raise wrong(f"what is dropped has no `{other}`", fix=f"keep `drop` or `{other}`", path=(other,))
        return self

    @cached_property
    def conditions(self) -> tuple[matchers.Matcher, ...]:
        """`when`, compiled."""
        return tuple(matchers.parse(written) for written in self.when)


def impossible(conditions: Sequence[matchers.Matcher]) -> bool:
    """Whether no set of labels can satisfy all of these: some label would have to be two things."""
    return any(
        one.op is matchers.Op.EQUAL and other.label == one.label and not other.matches({one.label: one.value})
        for one in conditions
        for other in conditions
    )


def covers(wide: Sequence[matchers.Matcher], narrow: Sequence[matchers.Matcher]) -> bool:
    """Whether everything that satisfies `narrow` surely satisfies `wide` too. Regular expressions are not compared."""
    return all(_implied(condition, narrow) for condition in wide)


def _implied(condition: matchers.Matcher, by: Sequence[matchers.Matcher]) -> bool:
    return any(
        str(other) == str(condition)
        or (
            other.op is matchers.Op.EQUAL
            and other.label == condition.label
            and condition.matches({other.label: other.value})
        )
        for other in by
    )


def _references(_: str, document: Document) -> Iterator[Reference]:
    if isinstance(document, RouteDocument) and document.service is not None:
        yield Reference(path=("service",), section="services", name=document.service)


def _unreachable(snapshot: Snapshot, _: datetime) -> Iterable[Finding]:
    routes = list(snapshot.all("routes", RouteDocument).items())
    for index, (name, route) in enumerate(routes):
        earlier = next((at for at in range(index) if covers(routes[at][1].conditions, route.conditions)), None)
        if impossible(route.conditions):
            why, fix = "no alert can satisfy all its conditions at once", "change or remove a condition"
        elif earlier is not None:
            why, fix = f"route {earlier + 1} takes everything it would match", f"move it above route {earlier + 1}"
        else:
            continue
        yield Finding(
            code="unreachable-route",
            level=Level.WARNING,
            section="routes",
            name=name,
            path=("when",),
            message=f"route {index + 1} never applies: {why}",
            fix=fix,
            details={} if earlier is None else {"shadowed_by": earlier},
        )


KIND = Kind(
    section="routes",
    noun="route",
    model=RouteDocument,
    order=50,
    shape=Shape.LIST,
    references=_references,
    check=_unreachable,
)
