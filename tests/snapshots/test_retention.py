"""What retention may never do, whatever there is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocore.artifacts import Snapshot
from ocore.snapshots.records import (
    Kept,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.snapshots.retention import LEAST, MOST, expired
from tests.deployments.world import INSTANCE

NOW = datetime(2026, 6, 1, tzinfo=UTC)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def record(
    number: int, *, days: float, pinned: bool = False, verified: bool = True
) -> SnapshotRecord:
    return SnapshotRecord(
        id=f"s{number}",
        instance_id=INSTANCE.id,
        status=SnapshotStatus.AVAILABLE,
        reason=SnapshotReason.DEPLOYMENT,
        created_at=NOW - timedelta(days=days),
        pinned=pinned,
        snapshot=Snapshot(
            id=f"s{number}",
            strategy="clone",
            location="",
            size_bytes=1,
            files=0,
            duration_ms=1,
            verified=verified,
        ),
    )


def kept(records: list[SnapshotRecord], *, needed: frozenset[str] = frozenset()) -> Kept:
    newest_first = sorted(records, key=lambda each: each.created_at, reverse=True)
    return Kept(
        instance=INSTANCE,
        settings=SnapshotSettings(retention_days=30),
        records=tuple(newest_first),
        needed=needed,
    )


@st.composite
def shelves(draw: st.DrawFn) -> Kept:
    count = draw(st.integers(0, 60))
    records = [
        record(
            number,
            days=draw(st.floats(0, 400)),
            pinned=draw(st.booleans()),
            verified=draw(st.booleans()),
        )
        for number in range(count)
    ]
    needed = draw(st.sets(st.sampled_from([each.id for each in records]))) if records else set()
    return kept(records, needed=frozenset(needed))


@patient
@given(shelves())
def test_pinned_needed_and_newest_ones_always_stay(shelf: Kept) -> None:
    gone = {each.id for each in expired(shelf, NOW)}
    stay = [each for each in shelf.records if each.id not in gone]
    assert not {each.id for each in shelf.records if each.pinned} & gone
    assert not shelf.needed & gone
    assert {each.id for each in shelf.records[:LEAST]} <= {each.id for each in stay}
    if any(each.snapshot and each.snapshot.verified for each in shelf.records):
        assert any(each.snapshot and each.snapshot.verified for each in stay), "nothing restorable"


@patient
@given(shelves())
def test_what_stays_is_young_or_has_a_reason(shelf: Kept) -> None:
    gone = {each.id for each in expired(shelf, NOW)}
    for place, each in enumerate(shelf.records):
        if each.id in gone:
            assert place >= LEAST
            assert place >= MOST or NOW - each.created_at > timedelta(days=30)


@patient
@given(shelves())
def test_to_delete_what_is_old_leaves_nothing_old(shelf: Kept) -> None:
    gone = set(expired(shelf, NOW))
    left = kept([each for each in shelf.records if each not in gone], needed=shelf.needed)
    assert expired(left, NOW) == ()


@pytest.mark.parametrize(
    ("days", "gone"),
    [([1, 2, 31, 32], ["s3", "s2"]), ([40, 41, 42], ["s2"]), ([1, 2, 3], []), ([], [])],
)
def test_old_ones_go_oldest_first_but_for_the_last_two(days: list[int], gone: list[str]) -> None:
    records = [record(number, days=age) for number, age in enumerate(days)]
    assert [each.id for each in expired(kept(records), NOW)] == gone
