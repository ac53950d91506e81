import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from ocore.databases.postgres import PostgresDatabases, role_password
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import clock
from ocore.kit.postgres import PostgresServer
from ocore.snapshots import TableLoss
from ocore.snapshots.naming import aside_database
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from tests.databases.odoo_like import BASE, filestore, instance, query


@pytest.fixture
def snapshots(home: Home, postgres_server: PostgresServer) -> PostgresSnapshots:
    return PostgresSnapshots(postgres_server, home, None)


@pytest.fixture
def shelf(home: Home, postgres_server: PostgresServer) -> PostgresShelf:
    return PostgresShelf(postgres_server, home)


@pytest.fixture
async def acme(request: pytest.FixtureRequest, databases: PostgresDatabases) -> Instance:
    made = instance(f"snap_{abs(hash(request.node.name)) % 10**8}")
    await databases.create(made, base=BASE)
    return made


async def lend(server: PostgresServer, acme: Instance, borrower: str) -> None:
    await query(server, acme.database, f"INSERT INTO library_loan (borrower) VALUES ('{borrower}')")


async def borrowers(server: PostgresServer, acme: Instance) -> list[object]:
    rows = await query(server, acme.database, "SELECT borrower FROM library_loan ORDER BY id")
    return [row[0] for row in rows]


async def test_a_revert_brings_rows_and_files_back_and_sets_the_present_aside(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer, home: Home
) -> None:
    taken = await snapshots.take(acme, "s1")
    assert taken.verified
    assert taken.files == 1
    await lend(postgres_server, acme, "Mallory")
    (filestore(home, acme.database) / "ab" / "new").write_text("later")
    await snapshots.revert(acme, taken)
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]
    assert sorted(path.name for path in filestore(home, acme.database).rglob("*")) == ["ab", "abcd"]
    aside = await query(
        postgres_server,
        "postgres",
        f"SELECT datname FROM pg_database WHERE datname LIKE '{acme.database}\\_\\_x%'",
    )
    assert len(aside) == 1
    assert not (home.snapshots / taken.id).exists(), "it is used up, with all that was kept of it"


async def test_the_instance_can_connect_after_a_revert(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer
) -> None:
    taken = await snapshots.take(acme, "s-connect")
    await snapshots.revert(acme, taken)
    conninfo = psycopg.conninfo.make_conninfo(
        host=postgres_server.host,
        port=postgres_server.port,
        user=acme.database,
        password=role_password("a secret of tests", acme.database),
        dbname=acme.database,
    )
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await connection.execute("CREATE TABLE mine (id int)")


async def test_a_revert_asked_again_does_nothing(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer
) -> None:
    taken = await snapshots.take(acme, "s2")
    await snapshots.revert(acme, taken)
    await lend(postgres_server, acme, "Joan")
    await snapshots.revert(acme, taken)
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace", "Joan"]


async def test_a_copy_is_used_up_and_the_snapshot_stays(
    snapshots: PostgresSnapshots,
    shelf: PostgresShelf,
    acme: Instance,
    postgres_server: PostgresServer,
) -> None:
    taken = await snapshots.take(acme, "s3")
    for attempt in range(2):
        await lend(postgres_server, acme, "Mallory")
        copy = await snapshots.copy(acme, taken, f"s3-copy-{attempt}")
        await snapshots.revert(acme, copy)
        assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]
    assert await shelf.exists(taken)


async def test_a_dump_taken_beside_open_sessions_comes_back_whole(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer
) -> None:
    async with await psycopg.AsyncConnection.connect(
        postgres_server.conninfo(acme.database)
    ) as open_session:
        await open_session.execute("SELECT 1")
        taken = await snapshots.take_online(acme, "s4")
    assert taken.strategy == "dump"
    await lend(postgres_server, acme, "Mallory")
    await snapshots.revert(acme, await snapshots.copy(acme, taken, "s4-copy"))
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'library_loan'"
    assert await query(postgres_server, acme.database, owner) == [(acme.database,)]


async def test_a_damaged_dump_is_refused_and_names_the_file(
    snapshots: PostgresSnapshots, acme: Instance
) -> None:
    taken = await snapshots.take_online(acme, "s5")
    victim = next(Path(taken.location, "dump").glob("*.dat*"))
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(content)
    with pytest.raises(StepFailed, match=victim.name):
        await snapshots.copy(acme, taken, "s5-copy")


async def test_a_snapshot_that_is_gone_is_a_sentence(
    snapshots: PostgresSnapshots,
    shelf: PostgresShelf,
    acme: Instance,
    postgres_server: PostgresServer,
) -> None:
    taken = await snapshots.take(acme, "s6")
    await query(postgres_server, "postgres", f'DROP DATABASE "{taken.location}"')
    assert not await shelf.exists(taken)
    with pytest.raises(StepFailed, match="snapshot s6 is gone"):
        await snapshots.copy(acme, taken, "s6-copy")
    with pytest.raises(StepFailed, match="snapshot s6 is gone"):
        await snapshots.revert(acme, taken)


async def test_files_are_linked_not_copied(
    snapshots: PostgresSnapshots, acme: Instance, home: Home
) -> None:
    await snapshots.take(acme, "s7")
    live = filestore(home, acme.database) / "ab" / "abcd"
    assert live.stat().st_ino == (home.snapshots / "s7" / "filestore" / "ab" / "abcd").stat().st_ino


async def test_what_a_rollback_would_lose_is_counted_by_table(
    snapshots: PostgresSnapshots,
    shelf: PostgresShelf,
    acme: Instance,
    postgres_server: PostgresServer,
) -> None:
    for statement in (
        "CREATE TABLE book (id int, name text, create_date timestamp, write_date timestamp)",
        "INSERT INTO book SELECT id, 'old', now(), now() FROM generate_series(1, 5) AS id",
        "CREATE TABLE tags AS SELECT id FROM generate_series(1, 3) AS id",
    ):
        await query(postgres_server, acme.database, statement)
    taken = await snapshots.take(acme, "s8")
    await shelf.prove(acme, taken)
    for statement in (
        "UPDATE book SET name = 'new', write_date = now() AT TIME ZONE 'UTC' WHERE id IN (1, 2)",
        "INSERT INTO book VALUES (6, 'six', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
        "DELETE FROM book WHERE id IN (3, 4, 5)",
        "UPDATE tags SET id = id + 10 WHERE id = 1",
    ):
        await query(postgres_server, acme.database, statement)
    await lend(postgres_server, acme, "Joan")
    expected = (
        TableLoss(table="book", rows=-2, inserted=1, updated=2, deleted=3),
        TableLoss(table="library_loan", rows=1, inserted=1, updated=0, deleted=0),
        TableLoss(table="tags", rows=0, inserted=0, updated=1, deleted=0),
    )
    async with asyncio.timeout(60):
        # PostgreSQL's counters are a moment behind.
        while await snapshots.losses(acme, taken) != expected:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    # Counters that began anew say nothing; what the rows say of themselves stays, also where the
    # snapshot is left as a dump.
    await query(postgres_server, acme.database, "SELECT pg_stat_reset()")
    await query(postgres_server, "postgres", f'DROP DATABASE "{taken.location}"')
    assert await snapshots.losses(acme, taken) == (
        expected[0],
        TableLoss(table="library_loan", rows=1),
    )
    await shelf.remove(taken)
    assert await snapshots.losses(acme, taken) is None


async def test_a_client_that_keeps_coming_back_stops_neither_snapshot_nor_revert(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer
) -> None:
    conninfo = postgres_server.conninfo(acme.database)

    async def nag() -> None:
        while True:
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(conninfo) as connection:
                    await connection.execute("SELECT pg_sleep(0.05)")
            await asyncio.sleep(0.01)

    nagging = asyncio.create_task(nag())
    try:
        taken = await snapshots.take(acme, "s9")
        await snapshots.revert(acme, taken)
    finally:
        nagging.cancel()
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]


@pytest.mark.parametrize("crashed_after", ["refusing", "files aside", "files in"])
async def test_a_revert_that_crashed_is_finished_by_the_next(
    snapshots: PostgresSnapshots,
    acme: Instance,
    postgres_server: PostgresServer,
    home: Home,
    crashed_after: str,
) -> None:
    snapshot_id = f"s10-{crashed_after}"
    taken = await snapshots.take(acme, snapshot_id)
    await lend(postgres_server, acme, "Mallory")
    name, folder = acme.database, home.snapshots / snapshot_id
    await query(postgres_server, "postgres", f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    if crashed_after != "refusing":
        aside = home.snapshots / aside_database(name, snapshot_id, clock.now())
        aside.mkdir()
        filestore(home, name).rename(aside / "filestore")
    if crashed_after == "files in":
        (folder / "filestore").rename(filestore(home, name))
    await snapshots.revert(acme, taken)
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]
    assert (filestore(home, name) / "ab" / "abcd").exists()
    assert not folder.exists()


async def test_a_long_transaction_that_holds_locks_stops_neither_snapshot_nor_revert(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer
) -> None:
    for action in ("take", "revert"):
        async with await psycopg.AsyncConnection.connect(
            postgres_server.conninfo(acme.database)
        ) as holder:
            await holder.execute("LOCK TABLE library_loan IN ACCESS EXCLUSIVE MODE")
            await holder.execute("INSERT INTO library_loan (borrower) VALUES ('never kept')")
            if action == "take":
                taken = await snapshots.take(acme, "s-locks")
            else:
                await snapshots.revert(acme, taken)
            with pytest.raises(psycopg.OperationalError):
                await holder.execute("SELECT 1")
    assert await borrowers(postgres_server, acme) == ["Ada", "Grace"]


async def test_what_was_put_aside_stays_until_its_time_is_over(
    snapshots: PostgresSnapshots,
    shelf: PostgresShelf,
    acme: Instance,
    postgres_server: PostgresServer,
    home: Home,
) -> None:
    began = clock.now() - timedelta(seconds=1)
    for number in range(2):
        await lend(postgres_server, acme, f"of failure {number}")
        await snapshots.revert(acme, await snapshots.take(acme, f"s-aside-{number}"))
    assert await shelf.clear_aside(acme, before=began) == ()
    folders = list(home.snapshots.glob(f"{acme.database}__x*"))
    assert len(folders) == 2
    assert all((folder / "filestore" / "ab" / "abcd").exists() for folder in folders)
    cleared = await shelf.clear_aside(acme, before=clock.now() + timedelta(seconds=2))
    assert sorted(cleared) == sorted(folder.name for folder in folders)
    assert not any(folder.exists() for folder in folders)
    assert await shelf.clear_aside(acme, before=clock.now() + timedelta(seconds=2)) == ()


async def test_a_removed_snapshot_leaves_nothing(
    snapshots: PostgresSnapshots, shelf: PostgresShelf, acme: Instance, home: Home
) -> None:
    for taken in (
        await snapshots.take(acme, "s-remove"),
        await snapshots.take_online(acme, "s-remove-dump"),
    ):
        assert await shelf.exists(taken)
        for _ in range(2):
            await shelf.remove(taken)
        assert not await shelf.exists(taken)
        assert not (home.snapshots / taken.id).exists()


async def test_the_room_a_snapshot_takes_is_measured(shelf: PostgresShelf, acme: Instance) -> None:
    room = await shelf.room(acme)
    assert room.database > 1024**2
    assert await shelf.file_bytes(acme) == len("an asset")
    assert room.free is not None
    assert room.needed == (0 if room.strategy == "clone" else room.database)
