"""A worker that keeps snapshots: real records, a real server, only Odoo is not there."""

import asyncio
from datetime import timedelta

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit import clock, ids
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.records import (
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.snapshots.shelf import PostgresShelf
from ocore.storage.database import transaction
from ocore.storage.snapshots import PostgresChores, TenantCatalogue
from ocore.worker.keeping import Keeper, do, keep, sweep
from tests.databases.conftest import databases as databases  # noqa: PLC0414 - a fixture, here too
from tests.databases.odoo_like import BASE, instance, query
from tests.storage.conftest import conninfo as conninfo  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import pool as pool  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import records as records  # noqa: PLC0414 - a fixture, here too
from tests.storage.records import Records


@pytest.fixture
def keeper(records: Records, home: Home, postgres_server: PostgresServer) -> Keeper:
    chores = PostgresChores(records.pool)
    return Keeper(
        name="w",
        chores=chores,
        snapshots=PostgresSnapshots(postgres_server, home, None),
        shelf=PostgresShelf(postgres_server, home),
        settings=chores.settings_of,
        now=clock.now,
    )


@pytest.fixture
async def served(
    records: Records, databases: PostgresDatabases, postgres_server: PostgresServer
) -> Instance:
    """Let acme's first instance have a live deployment and a database of its own."""
    await records.succeed(await records.ask())
    served = records.acme.instances[0]
    name = instance(served.database)
    await query(postgres_server, "postgres", f'DROP DATABASE IF EXISTS "{served.database}"')
    await databases.create(name, base=BASE)
    return served


def catalogue(records: Records) -> TenantCatalogue:
    return TenantCatalogue(records.pool, records.acme.organization_id)


async def ask(records: Records) -> str:
    wanted = SnapshotRecord(
        id=ids.uuid7(),
        instance_id=records.acme.instances[0].id,
        status=SnapshotStatus.PENDING,
        reason=SnapshotReason.MANUAL,
        created_at=clock.now(),
    )
    return (await catalogue(records).ask(wanted, by="ana")).id


async def test_what_is_asked_for_is_taken_and_what_is_discarded_is_gone(
    keeper: Keeper, served: Instance, records: Records, home: Home
) -> None:
    wanted, book = await ask(records), catalogue(records)
    keeping = asyncio.create_task(keep(keeper))
    try:
        async with asyncio.timeout(120):
            while not (taken := await book.snapshot(served.id, wanted)).completed_at:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            assert taken.status is SnapshotStatus.AVAILABLE, taken.message
            assert taken.snapshot is not None
            assert await keeper.shelf.exists(taken.snapshot)
            await book.discard(served.id, wanted, by="ana")
            while (home.snapshots / wanted).exists():  # noqa: ASYNC110 - another task's work
                await asyncio.sleep(0.05)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_a_snapshot_that_takes_too_long_says_so_and_is_given_up_in_the_end(
    keeper: Keeper, served: Instance, records: Records
) -> None:
    wanted, book = await ask(records), catalogue(records)
    hurried = SnapshotSettings(timeout_seconds=0)
    await book.change_settings(served.id, hurried, by="ana")
    for _ in range(5):
        async with transaction(records.pool, "*") as connection:
            await connection.execute("UPDATE snapshots SET work_until = NULL")
        chore = await keeper.chores.claim("w", seconds=60)
        assert chore is not None
        await do(keeper, chore)
    found = await book.snapshot(served.id, wanted)
    assert found.status is SnapshotStatus.FAILED
    assert found.message == "no snapshot after 0 s (timeoutSeconds)"


async def test_a_look_around_notes_what_is_missing_and_lets_go_what_is_old(
    keeper: Keeper, served: Instance, records: Records
) -> None:
    book, made = catalogue(records), [await ask(records) for _ in range(4)]
    while chore := await keeper.chores.claim("w", seconds=60):
        await do(keeper, chore)
    lost = await book.snapshot(served.id, made[3])
    assert lost.snapshot is not None
    await keeper.shelf.remove(lost.snapshot)
    async with transaction(records.pool, "*") as connection:
        await connection.execute(
            "UPDATE snapshots SET created_at = %s WHERE id = %s",
            [clock.now() - timedelta(days=31), made[0]],
        )
    await sweep(keeper)
    found = {each: (await book.snapshot(served.id, each)).status for each in made}
    assert found == {
        made[0]: SnapshotStatus.DELETING,
        made[1]: SnapshotStatus.AVAILABLE,
        made[2]: SnapshotStatus.AVAILABLE,
        made[3]: SnapshotStatus.MISSING,
    }
