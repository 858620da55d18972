"""A small disk of its own that can be filled to the last byte, and emptied again."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from needs import lacks

MISSING = "a small disk cannot be mounted here (that takes root), so nothing was proven on a full one"
_PIECE = bytes(64 * 1024)


class SmallDisk:
    """A folder that holds only so much."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (len(_PIECE), 1):
                _write_until_full(file.fileno(), _PIECE[:size])

    def make_room(self) -> None:
        """Take away what filled it."""
        self._ballast.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """One of this size, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="tocsin-disk-") as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tocsin-tests", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            lacks(MISSING)
        try:
            yield SmallDisk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def _write_until_full(descriptor: int, piece: bytes) -> None:
    while True:
        try:
            os.write(descriptor, piece)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return
            raise
