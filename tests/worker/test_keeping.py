"""A worker that keeps snapshots: real records, a real server, only Odoo is not there."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from ocore.artifacts import Snapshot
from ocore.databases.postgres import PostgresDatabases
from ocore.deployments.model import Entry, Result, Status, Step
from ocore.deployments.products import Snapped
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import clock, ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.snapshots import Room
from ocore.snapshots.dumping import is_whole, seal
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.properties import Properties
from ocore.snapshots.records import (
    ChoreKind,
    Proof,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.snapshots.shelf import PostgresShelf
from ocore.storage.chores import PostgresChores
from ocore.storage.database import transaction
from ocore.storage.snapshots import TenantCatalogue
from ocore.worker.keeping import Keeper, do, keep, sweep
from tests.databases.conftest import databases as databases  # noqa: PLC0414 - a fixture, here too
from tests.databases.odoo_like import BASE, filestore, instance, query
from tests.storage.conftest import conninfo as conninfo  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import pool as pool  # noqa: PLC0414 - a fixture, here too
from tests.storage.conftest import records as records  # noqa: PLC0414 - a fixture, here too
from tests.storage.records import Records, ending


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
    async with transaction(records.pool, "*") as connection:
        # That deployment's snapshot is a record alone: its database was never there.
        await connection.execute("DELETE FROM snapshots")
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
    async with transaction(records.pool, "*") as connection:
        await connection.execute("UPDATE snapshots SET proof = 'passed'")
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


async def test_a_fast_snapshot_gets_a_dump_of_its_own_that_serves_when_its_database_is_lost(
    keeper: Keeper, served: Instance, records: Records, postgres_server: PostgresServer
) -> None:
    deployment = await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w")
    assert lease is not None
    taken = await keeper.snapshots.take(served, deployment.id)
    entry = Entry(
        step=Step.SNAPSHOT,
        result=Result.SUCCEEDED,
        at=clock.now(),
        attempt=1,
        artifact=Snapped(snapshot=taken),
    )
    await ledger.append(lease, entry)
    await ledger.close(lease, ending(Status.FAILED))
    chore = await keeper.chores.claim("w", seconds=60)
    assert chore is not None
    await do(keeper, chore)
    found = await catalogue(records).snapshot(served.id, deployment.id)
    assert (found.proof, found.message) == (Proof.PASSED, None)
    await query(postgres_server, "postgres", f'DROP DATABASE "{taken.location}"')
    assert await keeper.shelf.exists(taken)
    copy = await keeper.snapshots.copy(served, taken, ids.uuid7())
    rows = await query(postgres_server, copy.location, "SELECT borrower FROM library_loan")
    assert sorted(rows) == [("Ada",), ("Grace",)]
    left = f"SELECT 1 FROM pg_database WHERE datname LIKE '{served.database}\\_\\_t%'"
    assert await query(postgres_server, "postgres", left) == []


@pytest.mark.parametrize("damage", ["rows", "file", "flipped byte"])
async def test_a_snapshot_that_does_not_come_back_is_found_out_and_named(
    keeper: Keeper, served: Instance, home: Home, damage: str
) -> None:
    content = b"a signed contract"
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    contract = filestore(home, served.database) / digest[:2] / digest
    contract.parent.mkdir(parents=True, exist_ok=True)
    contract.write_bytes(content)
    taken = await keeper.snapshots.take_online(served, ids.uuid7())
    await keeper.shelf.prove(served, taken)
    folder = home.snapshots / taken.id
    if damage == "rows":
        # As if a table had lost a row on its way into the dump: the sums fit, the number does not.
        counts = json.loads((folder / "rows.json").read_bytes())
        counts["library_loan"] += 1
        (folder / "rows.json").write_text(json.dumps(counts))
        properties = msgspec.json.decode((folder / "database.json").read_bytes(), type=Properties)
        await seal(folder, properties)
        named = "library_loan has 2 rows instead of 3"
    elif damage == "file":
        kept = folder / "filestore" / digest[:2] / digest
        kept.unlink()
        kept.write_bytes(content.swapcase())
        named = digest
    else:
        part = next((folder / "dump").glob("*.dat*"))
        flipped = bytearray(part.read_bytes())
        flipped[len(flipped) // 2] ^= 1
        part.write_bytes(flipped)
        named = part.name
    with pytest.raises(StepFailed, match=named):
        await keeper.shelf.prove(served, taken)


async def test_copies_that_nobody_knows_of_are_deleted_once_nothing_is_at_work(
    keeper: Keeper,
    served: Instance,
    records: Records,
    home: Home,
    postgres_server: PostgresServer,
) -> None:
    recorded = await ask(records)
    while chore := await keeper.chores.claim("w", seconds=60):
        await do(keeper, chore)
    kept = await catalogue(records).snapshot(served.id, recorded)
    assert kept.snapshot is not None
    left = await keeper.snapshots.copy(served, kept.snapshot, f"{ids.uuid7()}-copy")
    theirs = [f"{served.database}__{name}" for name in ("staging", "xmas", "test")]
    for name in theirs:
        await query(postgres_server, "postgres", f'CREATE DATABASE "{name}"')
    running = await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w")
    assert lease is not None
    await sweep(keeper)
    assert left.location in await keeper.shelf.copies(served), f"{running.id} may want it"
    await ledger.close(lease, ending(Status.FAILED))
    await sweep(keeper)
    assert await keeper.shelf.copies(served) == ()
    for name in theirs:
        assert await query(postgres_server, name, "SELECT 1") == [(1,)]
        await query(postgres_server, "postgres", f'DROP DATABASE "{name}"')
    assert not (home.snapshots / left.id).exists()
    assert await keeper.shelf.exists(kept.snapshot)


async def test_files_of_a_snapshot_that_never_came_to_be_are_deleted_after_a_while(
    keeper: Keeper, served: Instance, records: Records, home: Home
) -> None:
    recorded = await ask(records)
    while chore := await keeper.chores.claim("w", seconds=60):
        await do(keeper, chore)
    running, failed, fresh = (await records.ask()).id, ids.uuid7(), ids.uuid7()
    assert await records.ledger().claim("w") is not None
    old = [f"{failed}-copy", failed, running, recorded, f"{served.database}__mine"]
    for name in (*old, fresh):
        (home.snapshots / name / "dump").mkdir(parents=True, exist_ok=True)
    long_ago = (clock.now() - timedelta(hours=49)).timestamp()
    for name in old:
        os.utime(home.snapshots / name, (long_ago, long_ago))
    await sweep(keeper)
    left = {name for name in (*old, fresh) if (home.snapshots / name).exists()}
    assert left == {fresh, running, recorded, f"{served.database}__mine"}


class Crowded(PostgresShelf):
    """A shelf on a disk that is nearly full: the size is real, the room is said."""

    async def room(self, instance: Instance) -> Room:
        return replace(await super().room(instance), free=100 * 1024**2)

    async def prove(self, instance: Instance, snapshot: Snapshot) -> None:
        raise AssertionError(instance, snapshot)


async def test_a_restore_test_that_has_no_room_waits_and_fills_no_disk(
    keeper: Keeper,
    served: Instance,
    records: Records,
    home: Home,
    postgres_server: PostgresServer,
) -> None:
    wanted = await ask(records)
    chore = await keeper.chores.claim("w", seconds=60)
    assert chore is not None
    await do(keeper, chore)
    crowded = replace(keeper, shelf=Crowded(postgres_server, home))
    proving = await keeper.chores.claim("w", seconds=60)
    assert proving is not None
    await do(crowded, proving)
    found = await catalogue(records).snapshot(served.id, wanted)
    assert (found.status, found.proof) == (SnapshotStatus.AVAILABLE, Proof.WANTED)
    assert found.message is not None
    assert "no room to restore it" in found.message
    assert await keeper.chores.claim("w", seconds=60) is None, "not before an hour is over"


SLOW = """
CREATE FUNCTION public.let_go() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        PERFORM pg_stat_clear_snapshot();
        PERFORM 1 FROM pg_stat_activity WHERE application_name = '{holder}';
        IF NOT FOUND THEN RETURN true; END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
END $$;
CREATE TABLE public.large (id int CHECK (public.let_go()));
INSERT INTO public.large VALUES (1)
"""
"""A table whose restore takes as long as somebody is connected under a name."""


@asynccontextmanager
async def held(server: PostgresServer, name: str) -> AsyncIterator[None]:
    async with connected(server) as connection:
        await connection.execute("SELECT set_config('application_name', %s, false)", [name])
        yield


async def until_restoring(server: PostgresServer, database: str) -> None:
    copying = (
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY public.large%' AND starts_with("
        f"datname, '{database}__t')"
    )
    async with asyncio.timeout(120):
        while not await query(server, "postgres", copying):  # noqa: ASYNC110 - another program
            await asyncio.sleep(0.05)


async def test_a_restore_test_is_cut_by_a_deployment_until_it_has_waited_long_enough(
    keeper: Keeper, served: Instance, records: Records, postgres_server: PostgresServer
) -> None:
    holder = f"holder of {served.database}"
    await query(postgres_server, served.database, SLOW.format(holder=holder))
    wanted, book, ledger = await ask(records), catalogue(records), records.ledger()
    taking = await keeper.chores.claim("w", seconds=60)
    assert taking is not None
    await do(keeper, taking)

    async def begin_to_prove() -> asyncio.Task[None]:
        chore = await keeper.chores.claim("w", seconds=60)
        assert chore is not None
        assert (chore.record.id, chore.kind, chore.attempts) == (wanted, ChoreKind.PROVE, 1)
        proving = asyncio.create_task(do(keeper, chore))
        await until_restoring(postgres_server, served.database)
        return proving

    async with held(postgres_server, holder):
        proving = await begin_to_prove()
        await records.ask()
        lease = await ledger.claim("w")
        assert lease is not None
        async with asyncio.timeout(60):
            await proving
    found = await book.snapshot(served.id, wanted)
    assert (found.status, found.proof) == (SnapshotStatus.AVAILABLE, Proof.WANTED)
    assert found.message is None
    assert await keeper.shelf.copies(served) == ()
    await ledger.close(lease, ending(Status.FAILED))
    async with held(postgres_server, holder):
        proving = await begin_to_prove()
        async with transaction(records.pool, "*") as connection:
            await connection.execute("UPDATE snapshots SET completed_at = now() - interval '1 h'")
        await records.ask()
        assert await ledger.claim("w") is not None
    await proving
    assert (await book.snapshot(served.id, wanted)).proof is Proof.PASSED


async def test_a_dump_that_was_cut_is_no_dump_and_is_made_anew(
    keeper: Keeper, served: Instance, home: Home, postgres_server: PostgresServer
) -> None:
    await query(postgres_server, served.database, "CREATE VIEW public.one AS SELECT 1 AS one")
    await keeper.snapshots.ready(served, (snapshot_id := ids.uuid7()))
    taken = await keeper.snapshots.take(served, snapshot_id)
    async with connected(postgres_server, taken.location) as connection, connection.transaction():
        await connection.execute("LOCK TABLE public.one")
        proving = asyncio.create_task(keeper.shelf.prove(served, taken))
        async with asyncio.timeout(60):
            while not (home.snapshots / taken.id / "dump").exists():  # noqa: ASYNC110 - pg_dump's
                await asyncio.sleep(0.02)
        proving.cancel()
        await asyncio.gather(proving, return_exceptions=True)
        assert not is_whole(home.snapshots / taken.id)
    await keeper.shelf.prove(served, taken)
    assert is_whole(home.snapshots / taken.id)
    assert await keeper.shelf.copies(served) == (taken.location,)
