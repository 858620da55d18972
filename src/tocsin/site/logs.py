"""Logs: ours and the libraries', on stderr; lines for people on a terminal, JSON for machines everywhere else."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
# What these say at `info` is for their own developers. Templates, at `debug`, tell all they know of a page, and of the
# address it is about.
_TALKATIVE = ("uvicorn.error", "uvicorn.asgi", "asyncio", "aiohttp", "aiosmtplib", "django.template")
# Who sends a bad request is told so, not we; and that the database is away is said where it matters.
_COMPLAINS_OF_OTHERS = ("django.request", "django.security.csrf", "psycopg.pool")

# What opens something to whoever reads it: tokens that say what they are, and addresses with a secret in them. None
# is logged on purpose; an error page or a traceback may name the address it was about.
_SECRETS = (
    (re.compile(r"\b(tsn_|whsec_|tk_)[A-Za-z0-9+/=_-]{8,}"), r"\1(hidden)"),
    (re.compile(r"(^|[/\s'\"])(password|a|cal)/[^\s/\"'?#\\]{16,}"), r"\1\2/(hidden)"),
    (re.compile(r"(^|[/\s'\"])in/([a-z0-9_-]+)/[^\s/\"'?#\\]+"), r"\1in/\2/(hidden)"),
    (re.compile(r"\b(token|key|api_key|code|state|nonce)=[^\s&\"'#\\]{8,}"), r"\1=(hidden)"),
)


def configure(level: str) -> None:
    """Once per process, before anything is logged. An unknown level counts as `info`."""
    number = LEVELS.get(level, logging.INFO)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ends = _for_people() if sys.stderr.isatty() else _for_machines()
    structlog.configure(
        processors=[*shared, *ends],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ends],
        )
    )
    logging.basicConfig(handlers=[handler], level=number, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(number, logging.WARNING))
    for name in _COMPLAINS_OF_OTHERS:
        logging.getLogger(name).setLevel(logging.ERROR)


def covered(said: str) -> str:
    """The same without what only its owner may know."""
    for pattern, instead in _SECRETS:
        said = pattern.sub(instead, said)
    return said


def _cover(_logger: object, _method: str, event: EventDict) -> EventDict:
    return {name: covered(held) if isinstance(held, str) else held for name, held in event.items()}


def _for_people() -> list[Processor]:
    # Plain tracebacks: rich ones show local variables, and those may hold secrets.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return [structlog.processors.format_exc_info, _cover, plain]


def _for_machines() -> list[Processor]:
    return [structlog.processors.format_exc_info, _cover, structlog.processors.JSONRenderer()]
