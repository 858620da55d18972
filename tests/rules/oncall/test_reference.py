"""docs/reference/schedules.md says what is so."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from tocsin.oncall import coverage, rules
from tocsin.oncall.domain import CalendarDocument, LayerDocument, ScheduleDocument

PAGE = (Path(__file__).parents[3] / "docs/reference/schedules.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def documents() -> list[ScheduleDocument]:
    """Every example, as a schedule."""
    whole = [document for block in BLOCKS for document in block.get("schedules", {}).values()]
    parts = [{"timezone": "UTC", "layers": block["layers"]} for block in BLOCKS if "layers" in block]
    return [ScheduleDocument.model_validate(document) for document in (*whole, *parts)]


def test_every_example_can_be_written() -> None:
    """Whoever copies an example gets a schedule, not an error."""
    assert len(documents()) == 6


def test_every_field_and_every_finding_is_described() -> None:
    """Nothing can be written, or found, that the page does not name."""
    fields = {field.alias or name for model in (LayerDocument, ScheduleDocument, CalendarDocument) for name, field in model.model_fields.items()}  # fmt: skip
    source = Path(coverage.__file__).read_text()
    codes = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|unbalanced)"', source))
    assert len(codes) == 6
    named = set(re.findall(r"`([a-z_-]+)`", PAGE))
    assert fields <= named
    assert codes <= named


def test_the_page_tells_the_truth_about_its_examples() -> None:
    """The change that leaves a gap does leave one, and the sun is followed by all three."""
    changed, sun = documents()[-2:]
    june = datetime(2026, 6, 1, tzinfo=UTC)
    (gap,) = rules.gaps(rules.compile_schedule("shop", changed), june - timedelta(days=9), june + timedelta(days=9))
    assert (gap.start, gap.duration) == (june, timedelta(hours=9))
    followed = rules.shifts(rules.compile_schedule("sun", sun), june, june + timedelta(days=1))
    assert [shift.person for shift in followed] == ["cleo", "ann", "bob"]
