"""Imports run backward in time, and what decides touches nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.arch import source

IMPURE = frozenset(
    [
        "django",
        "allauth",
        "ninja",
        "uvicorn",
        "psycopg",
        "pysqlite3",
        "sqlite3",
        "aiohttp",
        "aiosmtplib",
        "asyncio",
        "socket",
        "subprocess",
        "threading",
        "structlog",
        "random",
        "time",
        "os",
        "urllib.request",
        "http.client",
        "tocsin.kit.db",
        "tocsin.kit.http",
        "tocsin.kit.mail",
    ]
)
PURE = [
    module
    for module in source.modules()
    if module.name.rpartition("/")[2] in ("domain.py", "rules.py", "documents.py")
    or module.name.startswith(("sources/", "channels/"))
]
OF_THE_ENGINE = {"engine/domain.py": {"tocsin.kit.db"}}  # its nouns are what a transaction is given


def test_the_contracts_hold() -> None:
    """Layers, purity, one HTTP client and private tables, as pyproject.toml states them."""
    program = Path(sys.executable).parent / "lint-imports"
    ran = subprocess.run([program, "--no-cache"], cwd=source.ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-4000:]


@pytest.mark.parametrize("module", PURE, ids=lambda module: module.name)
def test_what_decides_is_pure(module: source.Module) -> None:
    """Nouns, rules, sources and channels import no framework, no I/O, no clock and no randomness."""
    found = {
        name for name in source.imports(module.tree) for bad in IMPURE if name == bad or name.startswith(f"{bad}.")
    }
    allowed = OF_THE_ENGINE.get(module.name, set())
    assert {name for name in found if not any(name.startswith(one) for one in allowed)} == set()


def test_no_import_waits_inside_a_function() -> None:
    """What a module needs stands at its top, except where the command line imports a verb when it is called."""
    late = {
        f"{module.name}: {name}"
        for module in source.modules()
        for name, function in source.functions(module.tree)
        if any(True for _ in source.imports(function))
    }
    assert late == set()


def test_no_import_is_for_the_type_checker_alone() -> None:
    """What is named in a type is imported like everything else."""
    assert [module.name for module in source.modules() if "TYPE_CHECKING" in module.text] == []
