"""A worker that sends off-site: real records, a real PostgreSQL, a real S3 server."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit import clock, ids
from ocore.snapshots.offsite.key import OffsiteKey, new_key
from ocore.snapshots.offsite.s3 import S3Offsite
from ocore.snapshots.records import (
    OffsiteStatus,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.snapshots.retention import expired_copies
from ocore.storage.database import transaction
from ocore.storage.errands import PostgresErrands
from ocore.worker.keeping import Keeper, do
from ocore.worker.offsite import Carrier, carry, let_go, send_all
from tests.databases.conftest import databases as databases  # noqa: PLC0414 - a fixture, here too
from tests.s3 import S3Server
from tests.storage.conftest import conninfo as conninfo  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import pool as pool  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import records as records  # noqa: PLC0414 - a fixture, here too
from tests.storage.records import Records
from tests.worker.test_keeping import ask, catalogue
from tests.worker.test_keeping import keeper as keeper  # noqa: PLC0414 - a fixture, here too
from tests.worker.test_keeping import served as served  # noqa: PLC0414 - a fixture, here too


@pytest.fixture
def carrier(records: Records, home: Home, s3: S3Server) -> Carrier:
    bucket = s3.bucket(f"workers/{ids.uuid7()}")
    return Carrier(
        errands=PostgresErrands(records.pool),
        offsite=S3Offsite(bucket, OffsiteKey(new_key()), home.snapshots),
        now=clock.now,
    )


async def work_off(keeper: Keeper) -> None:
    while chore := await keeper.chores.claim("w", seconds=60):
        await do(keeper, chore)


async def test_a_snapshot_is_sent_once_it_was_tried_out_and_its_copy_outlives_it_here(
    keeper: Keeper, carrier: Carrier, served: Instance, records: Records, home: Home
) -> None:
    book, old = catalogue(records), await ask(records)
    chore = await keeper.chores.claim("w", seconds=60)
    assert chore is not None
    await do(keeper, chore)
    await send_all(carrier)
    assert (await book.snapshot(served.id, old)).offsite is OffsiteStatus.NONE
    await work_off(keeper)
    new = await ask(records)
    await work_off(keeper)
    carrying = asyncio.create_task(carry(carrier))
    try:
        async with asyncio.timeout(120):
            for each in (old, new):
                while (await book.snapshot(served.id, each)).offsite is not OffsiteStatus.STORED:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        # One worker sends, and no other; this one has nothing to do.
        await asyncio.wait_for(carry(carrier), 10)
    finally:
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)
    assert [each.snapshot_id for each in await carrier.offsite.copies()] == [old, new]

    for each in (new, old):
        await book.discard(served.id, each, by="ana")
    await work_off(keeper)
    assert not (home.snapshots / new).exists()
    await let_go(carrier)
    # Both are gone here, and the newest copy stays.
    (left,) = await carrier.offsite.copies()
    assert left.snapshot_id == new
    await carrier.offsite.fetch(left, home.snapshots / new)


async def test_a_store_that_is_away_is_asked_again_later_each_time(
    keeper: Keeper, carrier: Carrier, served: Instance, records: Records, s3: S3Server
) -> None:
    book, wanted = catalogue(records), await ask(records)
    await work_off(keeper)
    wrong = s3.bucket("workers/x", secret="not-the-secret")
    away = replace(carrier, offsite=S3Offsite(wrong, OffsiteKey(new_key()), s3.folder))
    await send_all(away)
    found = await book.snapshot(served.id, wanted)
    assert found.offsite is OffsiteStatus.SENDING
    assert found.offsite_message is not None
    assert "SignatureDoesNotMatch" in found.offsite_message
    waits = [await waiting(records)]
    for _ in range(2):
        await send_all(away)  # not yet
        await hurry(records)
        await send_all(away)
        waits.append(await waiting(records))
    assert waits[0] * 1.5 < waits[1] < waits[2]
    await hurry(records)
    await send_all(carrier)
    found = await book.snapshot(served.id, wanted)
    assert (found.offsite, found.offsite_message) == (OffsiteStatus.STORED, None)


async def hurry(records: Records) -> None:
    async with transaction(records.pool, "*") as connection:
        await connection.execute("UPDATE snapshots SET offsite_after = NULL")


async def waiting(records: Records) -> timedelta:
    async with transaction(records.pool, "*") as connection:
        found = await connection.execute("SELECT max(offsite_after) - now() FROM snapshots")
        row = await found.fetchone()
    assert row is not None
    assert isinstance(row[0], timedelta)
    return row[0]


def test_a_copy_goes_after_its_snapshot_and_the_newest_never() -> None:
    now = clock.now()

    def stored(status: SnapshotStatus, *, days: int, pinned: bool = False) -> SnapshotRecord:
        return SnapshotRecord(
            id=f"{status} {days} {pinned}",
            instance_id="i",
            status=status,
            reason=SnapshotReason.MANUAL,
            created_at=now - timedelta(days=days),
            pinned=pinned,
        )

    lost_disk = [stored(SnapshotStatus.MISSING, days=days) for days in (1, 2, 3)]
    assert expired_copies(lost_disk, SnapshotSettings(), now) == ()
    deleted = [stored(SnapshotStatus.DELETED, days=days) for days in (1, 2)]
    assert expired_copies(deleted, SnapshotSettings(), now) == (deleted[1],)
    mixed = [
        stored(SnapshotStatus.DELETED, days=40),
        stored(SnapshotStatus.AVAILABLE, days=41),
        stored(SnapshotStatus.RESTORED, days=42),
        stored(SnapshotStatus.RESTORED, days=43, pinned=True),
    ]
    assert expired_copies(mixed, SnapshotSettings(), now) == (mixed[2],)
