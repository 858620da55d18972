"""Secrets: made, kept encrypted, digested, signed into links."""

from __future__ import annotations

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit.secrets import Box, Signer, digest, new_token

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
OLD, NEW = "o" * 32, "n" * 32
URL_SAFE = set(string.ascii_letters + string.digits + "-_")


@given(st.text(max_size=200))
def test_a_signed_payload_comes_back_until_it_expires(payload: str) -> None:
    """A token yields its payload up to the second it expires, and never after."""
    signer = Signer([NEW], "acknowledge")
    token = signer.sign(payload, NOW + timedelta(hours=1))
    if len(token) > 512:
        return
    assert set(token) <= URL_SAFE
    assert signer.verify(token, NOW) == payload
    assert signer.verify(token, NOW + timedelta(minutes=59, seconds=59)) == payload
    assert signer.verify(token, NOW + timedelta(hours=1)) is None


@given(st.integers(min_value=0, max_value=43), st.sampled_from(sorted(URL_SAFE)))
def test_an_altered_token_is_worth_nothing(at: int, letter: str) -> None:
    """Changing any character that carries a bit of it makes it invalid."""
    signer = Signer([NEW], "acknowledge")
    token = signer.sign("p:123456:ann", NOW + timedelta(hours=1))
    altered = token[:at] + letter + token[at + 1 :]
    if altered != token:
        assert signer.verify(altered, NOW) is None


@pytest.mark.parametrize("token", ["", "x", "ü", "a" * 20, "a" * 44, "=" * 44, "a b", "A" * 5000])
def test_nonsense_is_no_token(token: str) -> None:
    """Whatever somebody types into the address bar is answered with None."""
    assert Signer([NEW], "acknowledge").verify(token, NOW) is None


def test_secrets_can_be_changed() -> None:
    """With a new secret in front old tokens still count, until the old secret is dropped."""
    later = NOW + timedelta(hours=1)
    token = Signer([OLD], "acknowledge").sign("p:1", later)
    assert Signer([NEW, OLD], "acknowledge").verify(token, NOW) == "p:1"
    assert Signer([NEW], "acknowledge").verify(token, NOW) is None
    kept = Box([OLD], "contacts").encrypt("tk_1")
    assert Box([NEW, OLD], "contacts").decrypt(kept) == "tk_1"
    assert Box([NEW], "contacts").decrypt(kept) is None


def test_purposes_are_apart() -> None:
    """A token or a secret made for one purpose is worth nothing for another."""
    token = Signer([NEW], "acknowledge").sign("p:1", NOW + timedelta(hours=1))
    assert Signer([NEW], "feed").verify(token, NOW) is None
    assert Box([NEW], "a").decrypt(Box([NEW], "b").encrypt("x")) is None


def test_an_acknowledge_link_is_short() -> None:
    """A token for a small payload fits a text message beside its words."""
    assert len(Signer([NEW], "acknowledge").sign("p:123456:ann", NOW)) <= 44


def test_what_is_encrypted_does_not_show() -> None:
    """The kept form holds nothing of the secret and differs each time."""
    box = Box([NEW], "contacts")
    assert "tk_secret" not in box.encrypt("tk_secret")
    assert box.encrypt("x") != box.encrypt("x")
    assert box.decrypt("rubbish") is None


def test_weak_installation_secrets_are_refused() -> None:
    """A secret too short to be one is refused at the start, and so is having none."""
    with pytest.raises(ValueError, match="at least 32"):
        Signer(["short"], "acknowledge")
    with pytest.raises(ValueError, match="at least one"):
        Signer([], "acknowledge")
    with pytest.raises(ValueError):
        Box([], "contacts")


def test_tokens_are_new_and_stored_as_digests() -> None:
    """Two tokens never agree; a digest is stable and does not hold the token."""
    token = new_token("tsn")
    assert token.startswith("tsn_")
    assert token != new_token("tsn")
    assert digest(token) == digest(token)
    assert len(digest(token)) == 64
    assert "tsn_" not in digest(token)
