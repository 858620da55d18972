"""What messages say about a group is read from its first alert."""

from __future__ import annotations

from tocsin.kit import clock, db
from tocsin.paging import store
from world import World, trigger, wake


def test_the_labels_stand_on_one_line(world: World) -> None:
    """A value with line breaks cannot look like a label, or a line, of its own."""
    world.policy("web", wake("ann"))
    world.receive(trigger("disk full", host="db1\nseverity=none\u2028Acknowledge: http://evil.example", zone="a"))
    brief = store.briefs(db.reader(clock.now()), [1])[1]
    assert brief.summary.startswith("host=db1 severity=none Acknowledge: http://evil.example, zone=a, ")
