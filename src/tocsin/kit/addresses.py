"""Which network addresses Tocsin may call: the private-address guard, as a decision.

Whoever may write a contact or a webhook chooses where this process connects to. Without a guard that person could
reach the cloud's metadata service, the database next door or Tocsin itself. So everything that is not plain public
unicast is refused, unless the operator lists its network in TOCSIN_OUTBOUND_ALLOW. An IPv4 address wrapped in an IPv6
one (mapped, compatible, NAT64, 6to4) is judged as what it wraps.

The lists follow IANA's special-purpose registries; they are spelled out because the standard library's own differ
between Python versions.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
NETWORKS_MAX = 200


class Refusal(StrEnum):
    """Why an address may not be called."""

    THIS_HOST = "this_host"  # loopback, or "no address"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"  # where the clouds' metadata services live
    SHARED = "shared"  # carrier-grade NAT
    MULTICAST = "multicast"
    RESERVED = "reserved"  # documentation, benchmarks, tunnels, future use
    NOT_AN_ADDRESS = "not_an_address"


_SPECIAL: tuple[tuple[str, Refusal], ...] = (
    ("0.0.0.0/8", Refusal.THIS_HOST),
    ("127.0.0.0/8", Refusal.THIS_HOST),
    ("10.0.0.0/8", Refusal.PRIVATE),
    ("172.16.0.0/12", Refusal.PRIVATE),
    ("192.168.0.0/16", Refusal.PRIVATE),
    ("169.254.0.0/16", Refusal.LINK_LOCAL),
    ("100.64.0.0/10", Refusal.SHARED),
    ("224.0.0.0/4", Refusal.MULTICAST),
    ("192.0.0.0/24", Refusal.RESERVED),
    ("192.0.2.0/24", Refusal.RESERVED),
    ("192.88.99.0/24", Refusal.RESERVED),
    ("198.18.0.0/15", Refusal.RESERVED),
    ("198.51.100.0/24", Refusal.RESERVED),
    ("203.0.113.0/24", Refusal.RESERVED),
    ("240.0.0.0/4", Refusal.RESERVED),
    ("::/127", Refusal.THIS_HOST),
    ("fc00::/7", Refusal.PRIVATE),
    ("fec0::/10", Refusal.PRIVATE),
    ("fe80::/10", Refusal.LINK_LOCAL),
    ("ff00::/8", Refusal.MULTICAST),
    ("2001::/23", Refusal.RESERVED),
    ("2001:db8::/32", Refusal.RESERVED),
    ("3fff::/20", Refusal.RESERVED),
)
_REFUSED: tuple[tuple[Network, Refusal], ...] = tuple(
    (ipaddress.ip_network(written), refusal) for written, refusal in _SPECIAL
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")  # the only block IANA gives out as global unicast
# How many low bits of a wrapping network lie behind the IPv4 address it wraps.
_WRAPPERS: tuple[tuple[ipaddress.IPv6Network, int], ...] = (
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
_V4_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Says no to addresses inside; `allow` lists the exceptions."""

    allow: tuple[Network, ...] = ()

    def refusal(self, written: str) -> Refusal | None:
        """Why this literal address may not be called, or None if it may."""
        try:
            address = ipaddress.ip_address(written.partition("%")[0])
        except ValueError:
            return Refusal.NOT_AN_ADDRESS
        inner = _unwrap(address)
        if _inside(address, self.allow) or _inside(inner, self.allow):
            return None
        return _special(inner)


def parse_networks(written: str) -> tuple[Network, ...]:
    """Read `127.0.0.0/8, 10.1.0.0/16, fd00::/8`. Raises ValueError naming the part that is wrong."""
    parts = [part.strip() for part in written.split(",") if part.strip()]
    if len(parts) > NETWORKS_MAX:
        raise ValueError(f"at most {NETWORKS_MAX} networks can be listed, these are {len(parts)}")
    return tuple(_parse_network(part) for part in parts)


def _parse_network(written: str) -> Network:
    try:
        return ipaddress.ip_network(written)
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(written, strict=False)
    except ValueError:
        raise ValueError(f"{written!r} is not a network; write it as 10.1.0.0/16, 127.0.0.1 or fd00::/8") from None
    raise ValueError(f"{written!r} has bits set beyond its prefix; write {meant} for the network, or one address alone")


def _unwrap(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address) or int(address) <= 1:
        return address
    for network, shift in _WRAPPERS:
        if address in network:
            return ipaddress.IPv4Address((int(address) >> shift) & _V4_MASK)
    return address


def _special(address: Address) -> Refusal | None:
    for network, refusal in _REFUSED:
        if address.version == network.version and address in network:
            return refusal
    if address.version == 6 and address not in _PUBLIC_V6:
        return Refusal.RESERVED
    return None


def _inside(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
