"""Times in the API: each comes in with a zone and within our calendar, and goes out in UTC as ISO 8601."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import TypeAdapter, ValidationError

from tocsin.kit import text
from tocsin.site.api import api
from tocsin.web import asking

INSTANT: TypeAdapter[datetime] = TypeAdapter(asking.Instant)


def _inputs() -> Iterator[tuple[str, object]]:
    """What each operation reads, as pydantic's schema of it."""
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                for model in operation.models:
                    yield f"{operation.methods[0]} {prefix}{path}", model.__pydantic_core_schema__


def _unguarded(schema: object) -> Iterator[object]:
    """The times in a schema that come without our check."""
    if isinstance(schema, dict):
        function = schema.get("function")
        if isinstance(function, dict) and function.get("function") is asking.instant:
            return
        if schema.get("type") == "datetime":
            yield schema
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list | tuple) else ()
    for part in parts:
        yield from _unguarded(part)


def test_every_time_that_comes_in_is_checked() -> None:
    """No operation of the API takes a time that may be without a zone or beyond the calendar."""
    inputs = list(_inputs())
    assert [where for where, schema in inputs if list(_unguarded(schema))] == []
    assert sum("datetime" in str(schema) for _, schema in inputs) > 10


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01",
        "2026-01-01T00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "1969-12-31T23:59:59Z",
        "3000-01-01T00:00:00Z",
    ],
)
def test_a_time_that_cannot_be_is_refused(written: str) -> None:
    """A time without a zone, or in a year that nothing of ours is in, is refused as a mistake in the request."""
    with pytest.raises(ValidationError, match=r"no zone|between the years 1970 and 2999"):
        INSTANT.validate_python(written)


@pytest.mark.parametrize("written", ["2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00Z", 1772355600])
def test_a_time_is_one_instant_however_it_is_written(written: str | int) -> None:
    """With Z, with an offset or as seconds since 1970, it is the same instant in UTC."""
    found = INSTANT.validate_python(written)
    assert (found, found.tzinfo) == (datetime(2026, 3, 1, 9, 0, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(987, 6, 5, 4, 3, 2, 999999, tzinfo=UTC), "0987-06-05T04:03:02Z"),
        (datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=1))), "2026-03-01T09:00:00Z"),
    ],
)
def test_a_year_has_four_digits(at: datetime, expected: str) -> None:
    """An instant is written in UTC with four digits of its year, also in years nobody meant."""
    assert text.iso(at) == expected
