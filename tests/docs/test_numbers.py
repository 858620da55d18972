"""The numbers that stand in sentences are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tocsin.alerts import auditor, writer
from tocsin.engine import domain, health, worker
from tocsin.kit.postgres import limits
from tocsin.paging.domain import GIVE_UP_AFTER
from tocsin.web import live

DOCS = Path(__file__).parents[2] / "docs"
WORDS = {2: "twice", 4: "four", 8: "8", 10: "ten"}
HOUR = 3600

SAID = (
    ("explanation/duplicates-never-silence", f"claims it for {domain.LEASE.total_seconds():.0f} seconds"),
    ("explanation/duplicates-never-silence", f"compares the two sides every {WORDS[int(auditor.AUDIT_EVERY_S)]} seconds"),
    ("explanation/duplicates-never-silence", f"Raw requests are kept for {auditor.PAYLOADS_KEPT.days} days, what became of signals for {auditor.SIGNALS_KEPT.days}"),
    ("explanation/how-paging-works", f"{domain.BACKOFF_FIRST.total_seconds():.0f}, 2, 4, … {domain.BACKOFF_MAX.total_seconds():.0f} seconds"),
    ("explanation/how-paging-works", "for a day" if GIVE_UP_AFTER.total_seconds() == 24 * HOUR else "for some time"),
    ("explanation/how-paging-works", f"after {WORDS[domain.FAILING_AFTER_ATTEMPTS]} failed attempts"),
    ("explanation/time-and-clocks", f"look {WORDS[round(1 / worker.POLL_S)]} a second"),
    ("howto/postgresql", f"within {domain.LEASE.total_seconds():.0f} seconds"),
    ("howto/postgresql", f"holds each request up to {writer.DATABASE_PATIENCE_S:.0f} seconds"),
    ("howto/postgresql", f"loses it after {limits.SESSION_MS['idle_in_transaction_session_timeout'] / 1000:.0f} seconds"),
    ("howto/postgresql", f"`statement_timeout` {limits.SESSION_MS['statement_timeout'] / 1000:.0f} s, `lock_timeout` {limits.SESSION_MS['lock_timeout'] / 1000:.0f} s"),
    ("howto/two-nodes", f"within {domain.LEASE.total_seconds():.0f} seconds"),
    ("howto/watch-tocsin-itself", "more than a minute late" if health.LATE_AFTER.total_seconds() == 60 else "late"),
    ("howto/pagerduty-senders", f"Kept {auditor.CHANGES_KEPT.days} days"),
    ("howto/reverse-proxy-and-tls", f"every {live.HEARTBEAT_S:.0f} seconds"),
    ("howto/reverse-proxy-and-tls", "after half an hour" if live.STREAM_LASTS_S == HOUR / 2 else "by itself"),
)  # fmt: skip


@pytest.mark.parametrize(("page", "words"), SAID, ids=lambda one: re.sub(r"\W+", "-", one)[:50])
def test_a_number_in_a_sentence_is_the_code_s(page: str, words: str) -> None:
    """Whoever changes the number changes the sentence."""
    assert words in " ".join((DOCS / f"{page}.md").read_text().split())
