"""What stands around every page: who is signed in, where one can go, what waits in the inbox."""

from __future__ import annotations

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    """The context every template has."""
    del request
    return {}
