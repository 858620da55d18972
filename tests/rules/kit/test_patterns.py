"""Regular expressions of our own against those of Python, and what Python's could not promise."""

from __future__ import annotations

import re
from contextlib import suppress
from time import process_time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tocsin.kit import matchers, patterns
from tocsin.kit.patterns import Pattern

ATOMS = st.sampled_from(
    [
        *"abA1_- .^${}ßé",
        *[
            r"\d",
            r"\w",
            r"\s",
            r"\W",
            r"\D",
            r"\S",
            r"\.",
            r"\b",
            r"\B",
            r"\x61",
            r"\n",
            r"\A",
            r"\Z",
            r"[ab]",
            r"[^a]",
            r"[a-c1]",
            r"[]a]",
            r"[a-]",
            r"[\d_]",
            r"[^\w]",
        ],
    ]
)
REPEATS = st.sampled_from(["", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{0,2}", "{1,}", "{,2}"])
TEXTS = st.text(st.sampled_from("abcA1_- .\né"), max_size=8)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = st.sampled_from(["({})", "(?:{})", "(?i:{})", "(?s:{})", "(?P<x>{})"])
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map("|".join),
        st.builds(lambda shape, one, often: shape.format(one) + often, group, inner, REPEATS),
    )


PATTERNS = st.recursive(st.builds(str.__add__, ATOMS, REPEATS), _grown, max_leaves=8)


@given(written=PATTERNS, text=TEXTS)
def test_a_pattern_means_what_it_means_in_python(written: str, text: str) -> None:
    """Whatever both understand matches the same texts: groups, repetitions, sets, edges of words, case."""
    try:
        expected = re.compile(written)
    except re.error:
        assume(False)
    assume(not ("$" in written and text.endswith("\n")))  # there `re` takes the place before the line feed too
    assume(not ("\\B" in written and not text))  # before Python 3.14 an empty text had neither edge nor none
    assert Pattern(written).matches(text) is (expected.fullmatch(text) is not None)


@given(written=st.text(st.sampled_from("ab()[]{}|*+?^$.\\-:,1<>=!Pisdwxz"), max_size=14), text=TEXTS)
def test_nothing_written_breaks_the_reader(written: str, text: str) -> None:
    """Any string is a pattern or is refused with a ValueError; nothing else is ever raised."""
    with suppress(ValueError):
        assert Pattern(written).matches(text) in (True, False)


@pytest.mark.parametrize(
    "written",
    ["((a+))+b", "(a|aa)*b", "(a*)*b", ".*.*.*.*.*.*b", "(a?){300}a{300}b", "(a|a|ab)+(a|aa)+b", "(.*a){30}b"],
)
def test_no_pattern_stalls_the_engine(written: str) -> None:
    """What would keep Python's `re` busy for years is answered at once, for the longest texts there are."""
    started = process_time()
    assert not Pattern(written).matches("a" * 20_000)
    assert process_time() - started < 2


def test_many_different_characters_are_forgotten_again() -> None:
    """A text of every language fills no memory, and is matched all the same."""
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 3 * patterns.KEPT_MAX)))
    pattern = Pattern(".*x|.*y")
    assert not pattern.matches(text)
    assert pattern.matches(text + "y")
    assert pattern._kept <= patterns.KEPT_MAX


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a(b", "a ( is not closed"),
        ("a)b", "a ) closes nothing"),
        ("[ab", "a [ is not closed"),
        ("*a", "nothing before * to repeat"),
        ("{2}", "nothing before { to repeat"),
        ("a**", "a repetition is repeated"),
        ("a++", "a repetition is repeated"),
        ("a{3,2}", "less at the most than at the least"),
        ("a{1001}", "1000 times at the most"),
        ("(a{900}){900}", "repeats too much"),
        ("[z-a]", "ends before it begins"),
        ("[[:alpha:]]", "[:alpha:]"),
        ("(?=a)", "looking ahead or behind"),
        ("(?<!a)b", "looking ahead or behind"),
        ("(a)\\1", "a reference back to a group"),
        ("\\q", "this escape is not understood"),
        ("a\\", "ends with a single \\"),
        ("(" * 60 + ")" * 60, "more than 50 groups"),
        ("a" * 1001, "at most 1000 characters"),
    ],
)
def test_what_is_not_understood_is_said(written: str, said: str) -> None:
    """A pattern that cannot be used is refused when it is written, with what is wrong in words."""
    with pytest.raises(ValueError, match=re.escape(said)):
        matchers.parse(f'name=~"{written.replace(chr(92), chr(92) * 2)}"')


def test_case_is_folded_before_a_set_is_turned_round() -> None:
    """`(?i)[^a]` leaves out the capital too."""
    assert not Pattern("(?i)[^a]").matches("A")
    assert Pattern("(?i)disk|raid").matches("RAID")
    assert Pattern("(?-i)disk").matches("disk")
