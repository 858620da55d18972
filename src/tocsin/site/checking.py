"""What `tocsin check` says of the configuration in force, which also depends on what it led to."""

from __future__ import annotations

from tocsin.config import queries, registry, rules
from tocsin.config.actions import Checked
from tocsin.kit.db import Reader
from tocsin.paging import duty


def in_force(reader: Reader) -> Checked:
    """All findings, each with the file that manages its document, if one does."""
    state = queries.state(reader)
    found = rules.findings(state.snapshot, registry.kinds(), reader.now)
    lived = duty.lived_through(reader)
    return Checked(findings=rules.found_in_files((*found, *lived), None, state.origins))
