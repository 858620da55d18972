"""The private-address guard, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.kit.addresses import Guard, Refusal, parse_networks

REFUSED = {
    "127.0.0.1": Refusal.THIS_HOST,
    "127.255.255.254": Refusal.THIS_HOST,
    "0.0.0.0": Refusal.THIS_HOST,
    "0.1.2.3": Refusal.THIS_HOST,
    "::": Refusal.THIS_HOST,
    "::1": Refusal.THIS_HOST,
    "10.0.0.1": Refusal.PRIVATE,
    "10.255.255.255": Refusal.PRIVATE,
    "172.16.0.1": Refusal.PRIVATE,
    "172.31.255.255": Refusal.PRIVATE,
    "192.168.1.1": Refusal.PRIVATE,
    "fc00::1": Refusal.PRIVATE,
    "fd12:3456:789a::1": Refusal.PRIVATE,
    "fd00:ec2::254": Refusal.PRIVATE,  # metadata over IPv6
    "fec0::1": Refusal.PRIVATE,
    "169.254.169.254": Refusal.LINK_LOCAL,  # metadata
    "169.254.0.1": Refusal.LINK_LOCAL,
    "fe80::1": Refusal.LINK_LOCAL,
    "fe80::1%eth0": Refusal.LINK_LOCAL,
    "100.64.0.1": Refusal.SHARED,
    "100.100.100.200": Refusal.SHARED,  # metadata of another cloud
    "100.127.255.255": Refusal.SHARED,
    "224.0.0.1": Refusal.MULTICAST,
    "239.255.255.255": Refusal.MULTICAST,
    "ff02::1": Refusal.MULTICAST,
    "255.255.255.255": Refusal.RESERVED,
    "240.0.0.1": Refusal.RESERVED,
    "192.0.0.192": Refusal.RESERVED,  # metadata of a third
    "192.0.2.1": Refusal.RESERVED,
    "198.18.0.1": Refusal.RESERVED,
    "198.51.100.7": Refusal.RESERVED,
    "203.0.113.9": Refusal.RESERVED,
    "192.88.99.1": Refusal.RESERVED,
    "2001:db8::1": Refusal.RESERVED,
    "2001::1": Refusal.RESERVED,  # Teredo
    "3fff::1": Refusal.RESERVED,
    "100::1": Refusal.RESERVED,
    "5f00::1": Refusal.RESERVED,
    "64:ff9b:1::a00:1": Refusal.RESERVED,
    "4000::1": Refusal.RESERVED,
    "::ffff:127.0.0.1": Refusal.THIS_HOST,
    "::ffff:10.0.0.1": Refusal.PRIVATE,
    "::ffff:a9fe:a9fe": Refusal.LINK_LOCAL,
    "::127.0.0.1": Refusal.THIS_HOST,
    "::10.0.0.1": Refusal.PRIVATE,
    "64:ff9b::10.0.0.1": Refusal.PRIVATE,
    "64:ff9b::7f00:1": Refusal.THIS_HOST,
    "2002:7f00:1::": Refusal.THIS_HOST,
    "2002:a00:1::1": Refusal.PRIVATE,
    "127.1": Refusal.NOT_AN_ADDRESS,
    "2130706433": Refusal.NOT_AN_ADDRESS,
    "0x7f.0.0.1": Refusal.NOT_AN_ADDRESS,
    "0177.0.0.1": Refusal.NOT_AN_ADDRESS,
    "example.com": Refusal.NOT_AN_ADDRESS,
    "": Refusal.NOT_AN_ADDRESS,
}
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "169.253.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:830::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize(("address", "why"), REFUSED.items(), ids=list(REFUSED))
def test_addresses_that_are_not_public_are_refused(address: str, why: Refusal) -> None:
    """Whatever is not plain public unicast is refused, and it says why."""
    assert Guard().refusal(address) is why


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_may_be_called(address: str) -> None:
    """The neighbours of the refused networks are not refused with them."""
    assert Guard().refusal(address) is None


def test_the_operator_can_allow_a_network() -> None:
    """A listed network may be called, also when wrapped in IPv6, and nothing beside it."""
    guard = Guard(allow=parse_networks("10.1.0.0/16, fd00:1::/32, 127.0.0.1"))
    assert guard.refusal("10.1.2.3") is None
    assert guard.refusal("::ffff:10.1.2.3") is None
    assert guard.refusal("fd00:1::5") is None
    assert guard.refusal("127.0.0.1") is None
    assert guard.refusal("10.2.0.1") is Refusal.PRIVATE
    assert guard.refusal("127.0.0.2") is Refusal.THIS_HOST
    assert guard.refusal("fd00:2::5") is Refusal.PRIVATE


@given(st.ip_addresses(v=4, network="10.0.0.0/8") | st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_wrapping_never_helps(address: object) -> None:
    """No spelling of a private IPv4 address in IPv6 gets past the guard."""
    octets = bytes(int(part) for part in str(address).split("."))
    high, low = octets[:2].hex(), octets[2:].hex()
    for wrapped in (f"::ffff:{address}", f"::{address}", f"64:ff9b::{high}:{low}", f"2002:{high}:{low}::1"):
        assert Guard().refusal(wrapped) is not None, wrapped


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("10.1.0.0/33", "is not a network"),
        ("office", "is not a network"),
        ("10.1.2.3/16", "10.1.0.0/16"),
        (",".join(["10.0.0.1"] * 201), "at most 200"),
    ],
)
def test_a_wrong_network_is_explained(written: str, hint: str) -> None:
    """What cannot be read is named, with what to write instead."""
    with pytest.raises(ValueError, match=hint):
        parse_networks(written)


def test_an_empty_list_allows_nothing() -> None:
    """No networks and stray commas are the empty list."""
    assert parse_networks("") == parse_networks(" , ") == ()
