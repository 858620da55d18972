"""Model fields that mean the same on both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models

from tocsin.kit import clock


class InstantField(models.BigIntegerField):  # type: ignore[type-arg]  # Django's class takes no arguments when it runs
    """An instant, stored as microseconds since the Unix epoch.

    Integers compare and index the same on SQLite and PostgreSQL, know no zone to get wrong, and cost no parsing on
    the hot path, where plain SQL reads them with `clock.from_us`.
    """

    _pyi_private_set_type: datetime | None  # type: ignore[assignment]  # for the type checker: what may be set, and what is got
    _pyi_private_get_type: datetime  # type: ignore[assignment]  # as above

    description = "An instant in microseconds since the epoch"

    def from_db_value(self, value: int | None, *_: object) -> datetime | None:
        return clock.from_us_or_none(value)

    def get_prep_value(self, value: Any) -> int | None:
        if isinstance(value, datetime):
            return clock.to_us(value)
        return None if value is None else int(value)

    def to_python(self, value: Any) -> Any:
        return clock.from_us(value) if isinstance(value, int) else value
