"""A request as it is kept holds no key, however it was written."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.alerts import received

KEY = "0f9a3c5d/e1b42468ace13579bdf0246"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
EVENT = f'{{"routing_key":"{KEY}","event_action":"trigger","text":"Größe"}}'


def _kept(body: bytes) -> bytes:
    return received.without_key(body, KEY.encode(), may_hide=True)


@pytest.mark.parametrize(
    "body",
    [
        EVENT.encode(),
        EVENT.replace(KEY, ESCAPED).encode(),
        EVENT.replace("/", "\\/").encode(),
        EVENT.encode("utf-16"),
        EVENT.encode("utf-32-be"),
        b"\xef\xbb\xbf" + EVENT.replace(KEY, ESCAPED).encode(),
        f'{{"deep":[{{"{ESCAPED}":"{ESCAPED}"}}],"lone":"\\ud800","much":{"9" * 40},"text":"Größe"}}'.encode(),
    ],
)
def test_no_writing_of_json_keeps_the_key(body: bytes) -> None:
    """Escapes and wide encodings hide it from a search, not from whoever reads what is kept; the rest stays."""
    read = str(json.loads(_kept(body)))
    assert KEY not in read
    assert "(the key)" in read
    assert "Größe" in read


def test_a_form_and_a_query_keep_no_key() -> None:
    """Percent signs hide it as well."""
    written = f"summary=Gr%C3%B6%C3%9Fe&token={''.join(f'%{ord(letter):02X}' for letter in KEY)}"
    kept = _kept(written.encode())
    assert kept == b"summary=" + quote("Größe").encode() + b"&token=%28the+key%29"


@given(st.binary(max_size=200) | st.text(max_size=80).map(json.dumps).map(str.encode))
def test_what_holds_no_key_is_kept_to_the_letter(body: bytes) -> None:
    """Nothing is written anew but what had to be."""
    assert _kept(body) == body


def test_where_no_key_can_be_nothing_is_looked_for() -> None:
    """A body whose sender shows its key elsewhere is searched and nothing more."""
    body = EVENT.replace(KEY, ESCAPED).encode()
    assert received.without_key(body, KEY.encode(), may_hide=False) == body
