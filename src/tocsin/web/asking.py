"""What a request of the JSON API may hold: a field that nobody reads is a mistake of the sender's, who should hear of it."""

from __future__ import annotations

from ninja import Schema
from pydantic import ConfigDict


class Asking(Schema):
    """A request's body: what it does not know is refused, as the answer to a slip of the pen."""

    model_config = ConfigDict(extra="forbid")
