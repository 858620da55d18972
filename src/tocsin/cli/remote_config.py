"""The configuration verbs through the API. Each returns the same values as on a database here."""

from __future__ import annotations

import os
import re
from typing import Any

from tocsin.cli import remote
from tocsin.cli.local_config import Wish

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)")
_SAID_WITH_PROBLEMS = (409, 422)  # the body tells what is wrong, as the same verb would here


def plan(wish: Wish) -> dict[str, Any]:
    """What `apply` would change."""
    return _call("/config/plan", _body(wish))


def apply(wish: Wish) -> dict[str, Any]:
    """What was changed, or why not."""
    return _call("/config/apply", _body(wish))


def roll_back(version: int, message: str, *, force: bool = False) -> dict[str, Any]:
    """What was changed, or why not."""
    return _call("/config/rollback", {"version": version, "message": message, "force": force})


def export(form: str, *, redact: bool) -> str:
    """The whole configuration as text."""
    found: dict[str, str] = remote.get("/config/export", form=form, redact=str(redact).lower())
    return found["content"]


def check(wish: Wish | None) -> dict[str, Any]:
    """Findings about what is in force, or about what it would be with these files."""
    return _call("/config/check", _body(wish) if wish is not None else {})


def history(limit: int) -> list[dict[str, Any]]:
    """The newest versions."""
    found: dict[str, list[dict[str, Any]]] = remote.get("/config/versions", limit=limit)
    return found["versions"]


def _body(wish: Wish) -> dict[str, Any]:
    files = [{"name": file.name, "content": _text(file.content)} for file in wish.files]
    return {
        "files": files,
        "variables": _variables("".join(file["content"] for file in files)),
        "message": wish.message,
        "base_version": wish.base,
        "scope": wish.scope,
        "prune": wish.alone,
        "force": wish.force,
    }


def _variables(content: str) -> dict[str, str]:
    """Those of this machine's environment that the files ask for, and no others."""
    return {name: os.environ[name] for name in set(_VARIABLE.findall(content)) if name in os.environ}


def _text(content: bytes | str) -> str:
    return content if isinstance(content, str) else content.decode(errors="replace")


def _call(path: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        found: dict[str, Any] = remote.call("POST", path, body)
    except remote.Refusal as refusal:
        if refusal.status in _SAID_WITH_PROBLEMS and "problems" in refusal.body:
            return {"version": None, "changes": [], "notes": [], "findings": [], **refusal.body}
        raise
    return found
