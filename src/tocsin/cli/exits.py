"""How a command ends: its exit code, and the one line that says why."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    OK = 0
    PROBLEM = 1  # it was done and found something wrong, or what was asked for does not exist or cannot be done
    USAGE = 2  # the command line itself is wrong, or a setting
    UNREACHABLE = 3  # the server or the database cannot be reached
    NOT_ALLOWED = 4  # the token is missing, wrong, or has not the right
    INTERRUPTED = 130


class Stop(Exception):
    """End the command: the message goes to stderr, the code to whoever called."""

    def __init__(self, message: str, code: Exit = Exit.PROBLEM) -> None:
        super().__init__(message)
        self.code = code
