"""The links in messages that acknowledge without signing in: which pages one names, written and read. Pure.

A page's link holds its number. That of several told as one message holds all their numbers, and no range of them, so
that it never acknowledges what its message does not tell of: the lowest, then how far it is from each to the next.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import accumulate, pairwise

from tocsin.kit.secrets import LINK_CHARS_MAX, Signer

LIVES = timedelta(days=7)  # a link in an old message must not answer for ever
PAGES_MAX = 100  # in one link: more are looked at in the list, behind sign-in
_ONE, _MANY = "page", "pages"
_NUMBER = re.compile(r"[0-9]{1,18}")
_STEPS = re.compile(r"[0-9a-f]{1,13}(\.[0-9a-f]{1,13}){0,99}")


def to(base_url: str, signer: Signer, pages: Collection[int], sent_at: datetime) -> str:
    """The link to these pages; empty if they are too many for one."""
    ordered = sorted(set(pages))
    if not 0 < len(ordered) <= PAGES_MAX:
        return ""
    token = signer.sign(_payload(ordered), sent_at + LIVES)
    return f"{base_url}/a/{token}" if len(token) <= LINK_CHARS_MAX else ""


def read(token: str, signer: Signer, now: datetime) -> tuple[int, ...]:
    """The pages a link names; none if we did not make it, or it is too old."""
    kind, _, said = (signer.verify(token, now) or "").partition(":")
    if kind == _ONE and _NUMBER.fullmatch(said):
        return (int(said),)
    if kind == _MANY and _STEPS.fullmatch(said):
        return tuple(accumulate(int(step, 16) for step in said.split(".")))
    return ()


def _payload(ordered: list[int]) -> str:
    if len(ordered) == 1:
        return f"{_ONE}:{ordered[0]}"
    steps = (ordered[0], *(after - before for before, after in pairwise(ordered)))
    return f"{_MANY}:{'.'.join(f'{step:x}' for step in steps)}"
