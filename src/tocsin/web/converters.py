"""Parts of addresses."""

from __future__ import annotations

from django.urls.converters import IntConverter

DIGITS_MAX = 18  # what a column for numbers can hold on both databases


class NumberConverter(IntConverter):
    """The number of a group, a signal, a token; a longer one names nothing there could be."""

    regex = f"[0-9]{{1,{DIGITS_MAX}}}"
