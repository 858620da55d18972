"""Each channel's request for each kind of message, reviewed as a file. `TOCSIN_GOLDEN=1` writes them anew."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from fakes.push import Browser
from tocsin.channels import registry
from tocsin.channels.domain import Address, HttpRequest, Message, MessageKind, Outgoing, Settings

HERE = Path(__file__).parent
NOW = datetime(2026, 3, 1, 9, 30, 2, tzinfo=UTC)
SETTINGS = Settings(
    base_url="https://tocsin.acme.example", sender="Tocsin <tocsin@acme.example>", instance="Acme Tocsin"
)
DEVICE, AUTH = bytes([7]) * 32, bytes(range(16))  # what the cases of push are encrypted for
PUSH_KEY = "BAeBDql0zqV3PmO4l_N-O-mgnnpf6blxpE0QZawqOpMRY35HpPmUZKD9zkSojsfXA6kYPB0GVS2eLWt2BpSBxXc"
CASES = sorted(path for path in HERE.glob("*/*.json") if not path.name.endswith(".golden.json"))


class Case(msgspec.Struct):
    address: Address
    message: Message


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_message_takes_its_channels_form(path: Path) -> None:
    """The request for a message is exactly the reviewed one."""
    case = msgspec.json.decode(path.read_bytes(), type=Case)
    made = _shown(registry.CHANNELS[case.address.channel].compose(case.message, case.address, SETTINGS, NOW), case)
    golden = path.with_name(f"{path.stem}.golden.json")
    if os.environ.get("TOCSIN_GOLDEN"):
        golden.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    assert made == json.loads(golden.read_text())


def test_every_channel_has_every_kind() -> None:
    """No kind of message is left unreviewed for a channel that sends."""
    seen = {(path.parent.name, msgspec.json.decode(path.read_bytes(), type=Case).message.kind) for path in CASES}
    sending = [channel.name for channel in registry.CHANNELS.values() if channel.implemented]
    assert seen == {(name, kind) for name in sending for kind in MessageKind}


def _shown(outgoing: Outgoing, case: Case) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(outgoing, builtin_types=(bytes,))
    if case.address.channel == "push" and isinstance(outgoing, HttpRequest):
        reader = Browser(case.address.target, derive_private_key(int.from_bytes(DEVICE, "big"), SECP256R1()), AUTH)
        shown["headers"]["Authorization"] = reader.check_signature(outgoing.headers["Authorization"], PUSH_KEY, NOW)
        shown["body"] = json.loads(reader.decrypt(outgoing.body))
    elif isinstance(outgoing, HttpRequest):
        shown["body"] = json.loads(outgoing.body)
    for part in ("text", "html"):
        if part in shown:
            shown[part] = shown[part].splitlines()
    return shown
