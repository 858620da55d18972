"""The links that acknowledge without signing in name exactly the pages they were made for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit.secrets import LINK_CHARS_MAX, Signer
from tocsin.paging import links

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIGNER = Signer(["a secret of this installation, long enough"], "link")
BASE = "https://tocsin.acme.example"

# As they come in a busy night: hours of everybody's pages, and this person's among them.
of_one_night = st.tuples(st.integers(1, 10**12), st.lists(st.integers(1, 255), max_size=links.PAGES_MAX - 1)).map(
    lambda drawn: [drawn[0] + sum(drawn[1][:place]) for place in range(len(drawn[1]) + 1)]
)


def token_of(link: str) -> str:
    return link.removeprefix(f"{BASE}/a/")


@given(of_one_night)
def test_a_link_names_its_pages_and_no_others(pages: list[int]) -> None:
    """Whatever was told as one message, its link means exactly that, and is short."""
    token = token_of(links.to(BASE, SIGNER, pages, NOW))
    assert links.read(token, SIGNER, NOW) == tuple(pages)
    assert len(token) <= LINK_CHARS_MAX


@given(st.sets(st.integers(1, 10**15), min_size=1, max_size=2 * links.PAGES_MAX))
def test_what_no_link_can_hold_has_none(pages: set[int]) -> None:
    """There is a link to all of them or none: never one that leaves some of them out."""
    link = links.to(BASE, SIGNER, pages, NOW)
    if len(pages) > links.PAGES_MAX:
        assert not link
    if link:
        assert links.read(token_of(link), SIGNER, NOW) == tuple(sorted(pages))


def test_a_link_is_dead_after_a_week() -> None:
    """However many pages it names."""
    for pages in ([3], [3, 9, 10]):
        token = token_of(links.to(BASE, SIGNER, pages, NOW))
        assert links.read(token, SIGNER, NOW + links.LIVES - timedelta(seconds=1))
        assert links.read(token, SIGNER, NOW + links.LIVES) == ()


def test_ten_pages_of_one_minute_fit_into_a_line_of_a_mail() -> None:
    """The link of an ordinary bundle is not much longer than that of a page."""
    assert len(links.to(BASE, SIGNER, range(120_000, 120_030, 3), NOW)) < 100
