"""Traces and previews as plain values, for the API and for programs at the command line."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tocsin.kit import text
from tocsin.simulate.trace import Trace
from tocsin.sources.domain import Signal
from tocsin.sources.registry import Preview


def of_trace(trace: Trace) -> dict[str, Any]:
    """The whole trace, with every message that would go out, in time order."""
    return dict(_plain(trace))


def of_preview(found: Preview) -> dict[str, Any]:
    """What would be read from a sample."""
    return {
        "signals": [of_signal(one) for one in found.signals],
        "status": found.reply.status,
        "problems": list(found.problems),
        "mapping_problems": [{"field": one.field, "message": one.message} for one in found.mapping_problems],
    }


def of_signal(signal: Signal) -> dict[str, Any]:
    """One signal, by the names of its fields."""
    values = [msgspec.to_builtins(getattr(signal, name)) for name in Signal.__struct_fields__]
    return dict(zip(Signal.__struct_fields__, values, strict=True))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, timedelta):
        return text.format_duration(value)
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value
