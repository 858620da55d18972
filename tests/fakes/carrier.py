"""A carrier for tests of what comes before and after sending."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.engine.domain import PARCELS_PER_BUCKET_MAX, AddressLimit, Parcel, Verdict
from tocsin.kit.db import Reader


class NoLimits:
    """It knows no limits, bundles nothing, and nobody asks it to send."""

    def limits(self, channel: str) -> Sequence[AddressLimit]:
        """None."""
        return ()

    def bundles(self, channel: str) -> bool:
        """No."""
        return False

    def at_once(self, bucket: str) -> int:
        """As many as can be."""
        return PARCELS_PER_BUCKET_MAX

    def learn(self, reader: Reader) -> None:
        """Nothing to learn."""

    async def carry(self, parcels: Sequence[Parcel]) -> Verdict:
        """Never called."""
        raise AssertionError(parcels)

    async def close(self) -> None:
        """Nothing was kept."""
