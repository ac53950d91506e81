import pytest
from psycopg import AsyncConnection, OperationalError

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.rehearsals import stand_in
from ocore.rehearsals.postgres import PostgresRehearsals
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from tests.databases.odoo_like import BASE, filestore, instance, query

MAIL = "CREATE TABLE ir_mail_server (smtp_host text, active bool)"
REACHING = {
    "CREATE TABLE ir_cron AS SELECT 7 AS id, true AS active": "it has a scheduled action",
    "CREATE TABLE payment_provider AS SELECT 'enabled' AS state": "it has a payment provider",
    "CREATE TABLE ir_act_server AS SELECT 'webhook' AS state, 'https://x.example' AS webhook_url": (
        "it has a webhook"
    ),
}
HOUSEKEEPING = (
    "CREATE TABLE ir_model_data AS"
    " SELECT 8 AS res_id, 'ir.cron' AS model, 'base' AS module, 'autovacuum_job' AS name"
)
NEUTRALIZED = "INSERT INTO ir_config_parameter VALUES ('database.is_neutralized', 'true')"


async def left(server: PostgresServer, home: Home, instance: Instance) -> list[object]:
    name = stand_in(instance).database
    found = await query(
        server,
        "postgres",
        f"SELECT datname FROM pg_database WHERE datname = '{name}'"
        f" UNION ALL SELECT rolname FROM pg_roles WHERE rolname = '{name}'",
    )
    return [*found, *home.instances.glob(name), *home.snapshots.glob(name)]


async def test_the_copy_is_taken_beside_who_works_in_the_instance(
    rehearsals: PostgresRehearsals, library: Instance, home: Home, postgres_server: PostgresServer
) -> None:
    async with connected(postgres_server, library.database) as user:
        await user.execute("INSERT INTO library_loan (borrower) VALUES ('Bo')")
        await rehearsals.prepare(library)
        assert (await (await user.execute("SELECT count(*) FROM library_loan")).fetchone()) == (3,)
    name = stand_in(library).database
    rows = await query(postgres_server, name, "SELECT borrower FROM library_loan ORDER BY id")
    assert rows == [("Ada",), ("Grace",), ("Bo",)]
    assert (filestore(home, name) / "ab" / "abcd").read_text() == "an asset"
    await rehearsals.discard(library)
    assert await left(postgres_server, home, library) == []
    await rehearsals.discard(library)


async def test_the_copy_has_an_identity_of_its_own(
    rehearsals: PostgresRehearsals, library: Instance, postgres_server: PostgresServer
) -> None:
    await rehearsals.prepare(library)
    name = stand_in(library).database
    ids = "SELECT value FROM ir_config_parameter WHERE key IN ('database.uuid', 'database.secret')"
    theirs, ours = [await query(postgres_server, each, ids) for each in (name, library.database)]
    assert not set(theirs) & set(ours)
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'library_loan'"
    assert await query(postgres_server, name, owner) == [(name,)]
    may = f"SELECT has_database_privilege('{library.database}', '{name}', 'CONNECT')"
    assert await query(postgres_server, "postgres", may) == [(False,)]
    await rehearsals.discard(library)


async def test_what_an_earlier_try_left_behind_is_gone_whoever_is_connected(
    rehearsals: PostgresRehearsals, library: Instance, home: Home, postgres_server: PostgresServer
) -> None:
    await rehearsals.prepare(library)
    name = stand_in(library).database
    await query(postgres_server, name, "DELETE FROM library_loan")
    (filestore(home, name) / "stray").write_text("of the earlier try")
    stray = await AsyncConnection.connect(postgres_server.conninfo(name))
    await rehearsals.prepare(library)
    with pytest.raises(OperationalError):
        await stray.execute("SELECT 1")
    assert await query(postgres_server, name, "SELECT count(*) FROM library_loan") == [(2,)]
    assert not (filestore(home, name) / "stray").exists()
    await rehearsals.discard(library)


async def test_a_copy_that_cannot_be_made_leaves_nothing_big_behind(
    rehearsals: PostgresRehearsals, home: Home, library: Instance, postgres_server: PostgresServer
) -> None:
    await query(postgres_server, "postgres", f"DROP DATABASE {library.database}")
    with pytest.raises(StepFailed, match="does not exist"):
        await rehearsals.prepare(library)
    assert not list(home.snapshots.glob(stand_in(library).database))
    await rehearsals.discard(library)
    assert await left(postgres_server, home, library) == []


async def test_a_copy_is_harmful_until_it_is_proven_not_to_be(
    rehearsals: PostgresRehearsals, library: Instance, postgres_server: PostgresServer
) -> None:
    await rehearsals.prepare(library)
    name = stand_in(library).database
    assert await rehearsals.harmful(library) == "it is not marked as neutralized"
    await query(postgres_server, name, MAIL)
    await query(postgres_server, name, NEUTRALIZED)
    await query(postgres_server, name, HOUSEKEEPING)
    for host, active in (("smtp.example.com", "false"), ("invalid", "true")):
        await query(
            postgres_server, name, f"INSERT INTO ir_mail_server VALUES ('{host}', {active})"
        )
    assert await rehearsals.harmful(library) is None
    await query(postgres_server, name, "UPDATE ir_mail_server SET active = true")
    assert await rehearsals.harmful(library) == "it has an outgoing mail server"
    await query(postgres_server, name, "UPDATE ir_mail_server SET active = false")
    for statement, reason in REACHING.items():
        await query(postgres_server, name, statement)
        assert await rehearsals.harmful(library) == reason
        table = statement.split()[2]
        await query(postgres_server, name, f"DROP TABLE {table}")
    assert await rehearsals.harmful(library) is None
    await rehearsals.discard(library)


async def test_a_snapshot_of_another_instance_becomes_a_copy_that_is_all_ones_own(
    rehearsals: PostgresRehearsals,
    databases: PostgresDatabases,
    library: Instance,
    home: Home,
    postgres_server: PostgresServer,
) -> None:
    production = instance(f"shop_{ids.uuid7()[-8:]}")
    await databases.create(production, base=BASE)
    await query(postgres_server, production.database, "DELETE FROM library_loan WHERE id = 1")
    await query(
        postgres_server, "postgres", f"ALTER DATABASE {library.database} SET work_mem = '9MB'"
    )
    snapshots = PostgresSnapshots(postgres_server, home, None)
    taken = await snapshots.take(production, ids.uuid7())
    with pytest.raises(StepFailed, match="is gone or was never finished"):
        await rehearsals.receive(library, taken)
    await PostgresShelf(postgres_server, home).prove(production, taken)

    await rehearsals.receive(library, taken)
    assert await rehearsals.harmful(library) == "it is not marked as neutralized"
    copy = await rehearsals.hand_over(library, "the copy")
    assert await left(postgres_server, home, library) == [
        home.instances / stand_in(library).database
    ]
    await rehearsals.discard(library)
    await snapshots.revert(library, copy)

    rows = "SELECT borrower FROM library_loan"
    assert await query(postgres_server, library.database, rows) == [("Grace",)]
    assert await query(postgres_server, production.database, rows) == [("Grace",)]
    assert await query(postgres_server, library.database, "SHOW work_mem") == [("9MB",)]
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert await query(postgres_server, library.database, owners) == [(library.database,)]
    assert await query(postgres_server, production.database, owners) == [(production.database,)]
    # Production's role has nothing here, not even a right to look.
    foreign = (
        "SELECT 1 FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid"
        f" WHERE rolname = '{production.database}' AND dbid ="
        f" (SELECT oid FROM pg_database WHERE datname = '{library.database}')"
    )
    assert await query(postgres_server, library.database, foreign) == []
    may = f"SELECT has_database_privilege('{production.database}', '{library.database}', 'CONNECT')"
    assert await query(postgres_server, "postgres", may) == [(False,)]
    assert (filestore(home, library.database) / "ab" / "abcd").read_text() == "an asset"
    assert (filestore(home, production.database) / "ab" / "abcd").read_text() == "an asset"


async def test_a_portrait_has_columns_with_their_types_and_rows(
    rehearsals: PostgresRehearsals, library: Instance, postgres_server: PostgresServer
) -> None:
    await rehearsals.prepare(library)
    name = stand_in(library).database
    await query(postgres_server, name, "ALTER TABLE library_loan ADD COLUMN place varchar(8)")
    await query(postgres_server, name, "CREATE VIEW late AS SELECT * FROM library_loan")
    portrait = await rehearsals.portrait(library)
    loans = {key: kind for key, kind in portrait.columns.items() if key.startswith("library_loan")}
    assert loans == {
        "library_loan.id": "int4",
        "library_loan.borrower": "text",
        "library_loan.place": "varchar(8)",
    }
    assert portrait.rows["library_loan"] == 2
    assert not any(key.startswith("late.") for key in portrait.columns)
    await rehearsals.discard(library)
