"""What the tests of the doors to on call start from."""

from __future__ import annotations

from typing import Any

import pytest

from house import House


@pytest.fixture
def desk(house: House) -> House:
    """Ann is on call today and Bob tomorrow for the schedule of team web, which Bob manages."""

    def change(config: dict[str, Any]) -> None:
        config["schedules"]["primary"]["layers"][0]["people"] = ["ann", "bob"]
        config["schedules"]["primary"]["team"] = "web"

    house.world.edit(change)
    return house
