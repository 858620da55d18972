"""From what the shared clients answer to what a channel judges. The clients know nothing of channels, nor these of
clients: they meet here, by the shape of an answer and the names of the faults.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from tocsin.channels.domain import Fault, Response


class HttpLike(Protocol):
    """An answer of the HTTP client."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def fault(self) -> StrEnum | None: ...
    @property
    def detail(self) -> str: ...


class MailLike(Protocol):
    """An answer of the mailer."""

    @property
    def status(self) -> int: ...
    @property
    def fault(self) -> StrEnum | None: ...
    @property
    def detail(self) -> str: ...


def from_http(answer: HttpLike) -> Response:
    """The channel's view of an HTTP answer."""
    fault = None if answer.fault is None else Fault(answer.fault.value)
    return Response(status=answer.status, headers=answer.headers, body=answer.body, fault=fault, detail=answer.detail)


def from_mail(answer: MailLike) -> Response:
    """The channel's view of what the mail server said."""
    fault = None if answer.fault is None else Fault(answer.fault.value)
    return Response(status=answer.status, fault=fault, detail=answer.detail)
