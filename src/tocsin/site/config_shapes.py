"""What documents, plans, checks and versions of the configuration look like in the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema

from tocsin.config import actions
from tocsin.web.asking import Asking, Instant

FILES_MAX = 200
FILE_CHARS_MAX = 20_000_000
SAMPLE_CHARS_MAX = 5_000_000
VARIABLES_MAX = 1000
HEADERS_MAX = 200


class FileIn(Asking):
    """One file, as YAML or JSON."""

    name: str = Field(min_length=1, max_length=500)
    content: str = Field(max_length=FILE_CHARS_MAX)


class ApplyIn(Asking):
    """What is to hold. `variables` stand for `${NAME}` in the files; the server's own environment never does.

    `force` also if nobody will be on call at times when somebody is now.
    """

    files: list[FileIn] = Field(min_length=1, max_length=FILES_MAX)
    variables: dict[str, str] = Field(default_factory=dict, max_length=VARIABLES_MAX)
    message: str = Field(default="", max_length=actions.MESSAGE_CHARS_MAX)
    base_version: int | None = None
    scope: str = Field(default="", max_length=200)
    prune: bool = False
    force: bool = False


class CheckIn(Asking):
    """Files to be checked; without any, what is in force."""

    files: list[FileIn] = Field(default_factory=list, max_length=FILES_MAX)
    variables: dict[str, str] = Field(default_factory=dict, max_length=VARIABLES_MAX)


class RollbackIn(Asking):
    """The version that is to hold again; `force` also if it leaves nobody on call at times."""

    version: int
    force: bool = False
    message: str = Field(default="", max_length=actions.MESSAGE_CHARS_MAX)


class FieldChange(Schema):
    """One field before and after."""

    path: str
    before: Any
    after: Any


class ChangeOut(Schema):
    """What would happen, or happened, to one document, in words and as values."""

    change: str
    section: str
    name: str
    words: str
    fields: list[FieldChange]


class ProblemOut(Schema):
    """Why it cannot hold."""

    message: str
    fix: str
    file: str
    line: int | None
    column: int | None
    path: list[str | int]


class FindingOut(Schema):
    """Something that is allowed but will hurt. `path` begins in the document.

    `file` is where the document stands: with `line` in the files that were sent, else the one that manages it.
    """

    code: str
    level: str
    section: str
    name: str
    path: list[str | int]
    message: str
    fix: str
    details: dict[str, Any]
    file: str
    line: int | None
    column: int | None


class PlanOut(Schema):
    """What an apply would do; `findings` are those that would be new.

    `consequences` say for each schedule who would be on duty instead of whom, and when; and for services and alerts
    (`subjects`) whom the what-if finds paged `before` and `after`, at a few instants (`at`).
    """

    base: int
    changes: list[ChangeOut]
    notes: list[str]
    consequences: list[dict[str, Any]]
    findings: list[FindingOut]
    problems: list[ProblemOut]


class AppliedOut(Schema):
    """What an apply did; `findings` are those that are new."""

    version: int
    changes: list[ChangeOut]
    notes: list[str]
    findings: list[FindingOut]
    problems: list[ProblemOut]


class CheckOut(Schema):
    """What a check found."""

    problems: list[ProblemOut]
    findings: list[FindingOut]


class VersionOut(Schema):
    """One accepted change of the configuration."""

    version: int
    at: datetime
    by: str
    message: str
    changes: list[dict[str, Any]]


class DocumentOut(Schema):
    """One document as its author wrote it, secrets hidden; `managed_by` says where it is edited."""

    section: str
    name: str
    version: int
    managed_by: str
    file: str
    document: dict[str, Any]


class DocumentsOut(Schema):
    """The documents of a section."""

    version: int
    documents: list[DocumentOut]


class ExportOut(Schema):
    """The whole configuration as one file."""

    version: int
    form: str
    content: str


class SampleIn(Asking):
    """A sample request of a sender, and a mapping to try instead of the integration's."""

    body: str = Field(max_length=SAMPLE_CHARS_MAX)
    headers: dict[str, str] = Field(default_factory=dict, max_length=HEADERS_MAX)
    mapping: dict[str, str] | None = None


class PreviewOut(Schema):
    """What would be read from the sample. Nothing of it is kept."""

    signals: list[dict[str, Any]]
    status: int
    problems: list[str]
    mapping_problems: list[dict[str, str]]


class WhatIfIn(Asking):
    """A signal that might come; with `silences`, those count that hold at that time or begin after it."""

    integration: str
    body: str = Field(max_length=SAMPLE_CHARS_MAX)
    headers: dict[str, str] = Field(default_factory=dict, max_length=HEADERS_MAX)
    at: Instant | None = None
    silences: bool = True
