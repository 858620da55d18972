"""PostgreSQL refuses for a reason that passes: whoever met it tries again, and nothing is taken for a bad signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from databases import Database
from fakes.carrier import NoLimits
from tocsin.engine import outbox, timers
from tocsin.engine.domain import LANE_PAGE, NewDelivery, Verdict, VerdictKind
from tocsin.engine.worker import OutboxWorker
from tocsin.kit import clock, db, troubles
from tocsin.kit.postgres import limits
from tocsin.site import environment, wiring
from world import World, disk_full, trigger, wake

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSING = {
    "deadlock": "40P01",
    "serialization": "40001",
    "statement timeout": "57014",
    "lock timeout": "55P03",
    "disk full": "53100",
    "out of memory": "53200",
    "the disk cannot be read": "58030",
    "idle in transaction": "25P03",
    "transaction timeout": "25P04",
    "read only": "25006",
    "a damaged table": "XX001",
    "a damaged index": "XX002",
}
DELIVERED = Verdict(kind=VerdictKind.DELIVERED)
PAGE = NewDelivery(
    lane=LANE_PAGE,
    channel="webhook",
    address="{}",
    address_key="1",
    bucket="b",
    body="{}",
    subject="page:1",
    due_at=NOW,
    give_up_at=NOW + timedelta(hours=1),
)


@contextmanager
def refusing(table: str, code: str) -> Iterator[None]:
    """Every new row of this table is refused with this code, by the server."""
    with db.transact(NOW) as tx:
        tx.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '{code}'; END $$"
        )
        tx.execute(f"CREATE TRIGGER refusing BEFORE INSERT ON {table} EXECUTE FUNCTION refuse()")
    try:
        yield
    finally:
        db.drop_connection()
        with db.transact(NOW) as tx:
            tx.execute("DROP FUNCTION refuse CASCADE")


@pytest.fixture(autouse=True)
def _unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said of the database here is said to nobody else."""
    monkeypatch.setattr(troubles, "writes", troubles.Writes())


@pytest.fixture
def world(postgres: Database) -> Iterator[World]:
    """A house on PostgreSQL."""
    with World(postgres) as made:
        made.policy("web", wake("ann", wait="5m"), wake("bob", by="webhook", wait="1h"))
        made.at("0s")
        yield made
        made.assert_accounted()


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_is_no_bad_signal(world: World, code: str) -> None:
    """Absorbing raises, nothing is set aside, and once the refusal has passed the page goes out."""
    with refusing("alerts_alert", code):
        world.accept(disk_full)
        _is_put_off(wiring.absorb_some)
        assert world.rows("SELECT count(*) FROM alerts_waiting") == [(1,)]
        assert world.outcomes() == []
    world.at("1m").expect("ann", webhook="disk full").within("1s")
    world.acknowledge(by="ann").forget_pages()


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_is_no_bad_timer(world: World, code: str) -> None:
    """A timer whose work meets it stays due, with no error on its account, and is worked off afterwards."""
    world.receive(disk_full, trigger("cpu hot")).expect("ann", webhook="disk full").within("1s")
    world.at("4m").forget_pages()
    due = world.rows("SELECT kind, ref, due_at FROM engine_timer ORDER BY id")
    later = clock.from_us(max(at for _, _, at in due))
    with refusing("engine_delivery", code):
        _is_put_off(lambda: timers.work_off(wiring.HANDLERS, later))
        assert world.rows("SELECT kind, ref, due_at FROM engine_timer ORDER BY id") == due
    world.at("5m").expect("bob", webhook="disk full").within("1s")
    world.forget_pages()


@pytest.mark.parametrize("code", PASSING.values(), ids=PASSING)
def test_a_refusal_that_passes_costs_no_outcome(postgres: Database, code: str) -> None:
    """What became of a message that is out is kept by whoever sent it, and written down with all that follows from it."""
    told: list[str] = []
    worker = OutboxWorker("me", NoLimits(), lambda _tx, settled: told.extend(one.parcel.subject for one in settled))
    with clock.use(clock.VirtualClock(NOW)):
        with db.transact(NOW) as tx:
            outbox.put(tx, [PAGE])
        results = [(one, DELIVERED) for bundle in worker._settle_and_claim([], 10, {}) for one in bundle]
        with refusing("engine_attempt", code):
            _is_put_off(lambda: worker._settle_and_claim(results, 10, {}))
        told.clear()
        worker._settle_and_claim(results, 10, {})
    worker._database.shutdown()
    assert told == ["page:1"]
    assert db.reader(NOW).rows("SELECT state, attempts FROM engine_delivery") == [("delivered", 1)]


def test_what_is_set_for_the_role_does_not_matter(postgres: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions ask for limits of their own; upgrades have none, and nobody takes theirs for abandoned."""
    monkeypatch.setenv("TOCSIN_DATABASE", postgres.environment["TOCSIN_DATABASE"])
    asked = environment.database()["OPTIONS"]
    with db.transact(NOW) as tx:
        tx.execute("ALTER ROLE tocsin SET statement_timeout = '1ms'")
    postgres.settings["OPTIONS"] = {name: asked[name] for name in ("options", "application_name")}
    try:
        postgres.connect()
        reader = db.reader(NOW)
        held = {
            name: reader.value(f"SELECT setting FROM pg_settings WHERE name = '{name}'") for name in limits.SESSION_MS
        }
        assert held == {name: str(ms) for name, ms in limits.SESSION_MS.items()}
        assert reader.value("SHOW jit") == "off"
        with connections["default"].unhurried():
            assert {reader.value(f"SHOW {name}") for name in (*limits.SESSION_MS, "application_name")} == {"0"}
        assert reader.value("SHOW application_name") == limits.NAME
    finally:
        with db.transact(NOW) as tx:
            tx.execute("ALTER ROLE tocsin RESET statement_timeout")


def _is_put_off(work: Callable[[], object]) -> None:
    with pytest.raises(db.DatabaseGone):
        work()
    db.drop_connection()
