import psycopg
import pytest

from ocore.databases.postgres import PostgresDatabases, role_password
from ocore.embedded.home import Home
from ocore.errors import StepFailed
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.odoo.addons import InstalledModule
from ocore.odoo.crons import Cron
from ocore.odoo.passwords import password_hash
from tests.databases.odoo_like import BASE, filestore, instance, query


async def test_an_instance_gets_a_database_and_files_of_its_own(
    databases: PostgresDatabases, postgres_server: PostgresServer, home: Home
) -> None:
    acme = instance("acme_own")
    await databases.create(acme, base=BASE)
    assert await databases.exists(acme)
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'library_loan'"
    assert await query(postgres_server, "acme_own", owner) == [("acme_own",)]
    uuid = "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'"
    assert await query(postgres_server, "acme_own", uuid) != [("the base",)]
    assert (filestore(home, "acme_own") / "ab" / "abcd").read_text() == "an asset"


async def test_the_admin_password_is_not_admin(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    await databases.create(instance("acme_password"), base=BASE)
    rows = await query(postgres_server, "acme_password", "SELECT password FROM res_users")
    assert str(rows[0][0]).startswith("$pbkdf2-sha512$600000$")


async def test_the_password_of_admin_is_told_only_as_long_as_it_is_the_password(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme = instance("acme_admin")
    told = await databases.admin_password(acme)
    assert told is not None, "who makes an instance wants to know beforehand"
    await databases.create(acme, base=BASE)
    assert await databases.admin_password(acme) == told
    # As when somebody changes it, or the rows are those of a copy from another machine.
    theirs = password_hash("theirs", b"sixteen bytes of")
    for stored in (f"'{theirs}'", "'admin'", "''", "NULL"):
        await query(postgres_server, acme.database, f"UPDATE res_users SET password = {stored}")
        assert await databases.admin_password(acme) is None, stored
    again = password_hash(told, b"and another salt")
    await query(postgres_server, acme.database, f"UPDATE res_users SET password = '{again}'")
    assert await databases.admin_password(acme) == told
    await query(postgres_server, acme.database, "DELETE FROM res_users")
    assert await databases.admin_password(acme) is None


async def test_the_base_stays_as_it_was_when_copies_change_owner(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    for name in ("acme_one", "acme_two"):
        await databases.create(instance(name), base=BASE)
    rows = await query(
        postgres_server,
        "postgres",
        "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname LIKE 'ocore_base%'",
    )
    assert rows == [("ocore_admin",)]


async def test_creating_twice_changes_nothing(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme = instance("acme_twice")
    await databases.create(acme, base=BASE)
    await query(postgres_server, acme.database, "DELETE FROM library_loan")
    await databases.create(acme, base=BASE)
    rows = await query(postgres_server, acme.database, "SELECT count(*) FROM library_loan")
    assert rows == [(0,)]


async def test_one_instance_cannot_read_another(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    for name in ("acme_mine", "acme_theirs"):
        await databases.create(instance(name), base=BASE)
    password = role_password("a secret of tests", "acme_mine")
    mine = psycopg.conninfo.make_conninfo(
        host=postgres_server.host,
        port=postgres_server.port,
        user="acme_mine",
        password=password,
        dbname="acme_theirs",
    )
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        await psycopg.AsyncConnection.connect(mine)


async def test_modules_are_what_the_database_says_and_none_without_one(
    databases: PostgresDatabases,
) -> None:
    acme = instance("acme_modules")
    assert await databases.modules(acme) == ()
    await databases.create(acme, base=BASE)
    assert await databases.modules(acme) == (
        InstalledModule(name="base", state="installed", version="19.0.1.3"),
        InstalledModule(name="loans", state="installed", version="19.0.1.0.0"),
    )


async def test_the_shape_of_a_database_changes_with_its_columns_fields_and_views(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme = instance("acme_shape")
    await databases.create(acme, base=BASE)
    name, shapes = acme.database, [await databases.schema(acme)]
    assert shapes[0].columns["library_loan.borrower"] == "text"
    assert shapes[0].columns["library_loan.id"] == "integer not null"
    assert shapes[0].fields == {}
    form, listed = ("""'{"en_US": "<form/>"}'""", """'{"en_US": "<list/>"}'""")
    for statement in (
        "ALTER TABLE library_loan ALTER borrower TYPE varchar(80), ALTER borrower SET NOT NULL",
        """CREATE TABLE ir_model_fields AS SELECT 'library.loan' AS model, 'borrower' AS name,
           'char' AS ttype, NULL::text AS relation, true AS store, false AS required""",
        f"CREATE TABLE ir_ui_view AS SELECT 1 AS id, {form}::jsonb AS arch_db",
        f"UPDATE ir_ui_view SET arch_db = {listed}",
    ):
        await query(postgres_server, name, statement)
        shapes.append(await databases.schema(acme))
    assert shapes[1].columns["library_loan.borrower"] == "character varying(80) not null"
    assert shapes[2].fields == {"library.loan.borrower": "char stored"}
    assert len({shape.views for shape in shapes[2:]}) == 3


async def test_the_rows_of_tables_are_told_whether_postgresql_knows_them_or_not(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme, tables = instance("acme_rows"), ["library_loan", "library_shelf", "no_such_table"]
    assert await databases.rows(acme, tables) == {}
    await databases.create(acme, base=BASE)
    for statement in (
        "DELETE FROM library_loan",
        "CREATE TABLE library_shelf AS SELECT generate_series(1, 3000) AS id",
    ):
        await query(postgres_server, acme.database, statement)
    assert await databases.rows(acme, tables) == {"library_loan": 0, "library_shelf": 3000}
    await query(postgres_server, acme.database, "ANALYZE library_shelf")
    assert await databases.rows(acme, tables[1:]) == {"library_shelf": 3000}


async def test_active_scheduled_actions_are_told_with_what_they_run(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme = instance("acme_crons")
    await databases.create(acme, base=BASE)
    assert await databases.crons(acme) == ()
    for statement in (
        "CREATE TABLE ir_model AS SELECT 7 AS id, 'library.loan' AS model",
        """CREATE TABLE ir_act_server AS SELECT id, state, code, 7 AS model_id FROM (VALUES
           (1, 'code', 'model._remind()'), (2, 'code', 'model._clean()'), (3, 'webhook', NULL),
           (4, 'code', 'model._rest()')) AS given (id, state, code)""",
        """CREATE TABLE ir_cron AS SELECT id, id AS ir_actions_server_id, id <> 4 AS active,
           'Cron ' || id AS cron_name FROM ir_act_server""",
        """CREATE TABLE ir_model_data AS SELECT 'ir.cron' AS model, 1 AS res_id, 'loans' AS module,
           'remind' AS name, true AS noupdate""",
    ):
        await query(postgres_server, acme.database, statement)
    assert await databases.crons(acme) == (
        Cron(
            name="Cron 1",
            model="library.loan",
            code="model._remind()",
            xmlid="loans.remind",
            noupdate=True,
        ),
        Cron(name="Cron 2", model="library.loan", code="model._clean()"),
    )


async def test_checksums_are_remembered_under_the_known_parameter(
    databases: PostgresDatabases, postgres_server: PostgresServer
) -> None:
    acme = instance("acme_checksums")
    assert await databases.checksums(acme) == {}
    await databases.create(acme, base=BASE)
    await databases.remember_checksums(acme, {"loans": "abc"})
    await databases.remember_checksums(acme, {"loans": "def"})
    assert await databases.checksums(acme) == {"loans": "def"}
    rows = await query(
        postgres_server,
        acme.database,
        "SELECT value FROM ir_config_parameter"
        " WHERE key = 'module_auto_update.installed_checksums'",
    )
    assert rows == [('{"loans":"def"}',)]


async def test_a_server_that_is_not_there_is_a_sentence() -> None:
    nowhere = PostgresServer(
        host="127.0.0.1", port=1, user="ocore_admin", password="x", binaries=""
    )
    with pytest.raises(StepFailed, match=r"PostgreSQL, database postgres: .*refused"):
        async with connected(nowhere):
            raise AssertionError
