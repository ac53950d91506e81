"""What `CREATE DATABASE … TEMPLATE` and `pg_dump` leave behind comes along in every snapshot."""

from dataclasses import dataclass

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit import ids
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.properties import Properties, creation, read_properties
from tests.databases.odoo_like import BASE, instance, query

INSIDE = """
CREATE EXTENSION vector;
CREATE SEQUENCE invoice_number START 41;
SELECT nextval('invoice_number');
ALTER TABLE library_loan OWNER TO {reader};
GRANT SELECT ON library_loan TO {name};
COMMENT ON TABLE library_loan IS 'who has what';
"""
OUTSIDE = """
GRANT CONNECT ON DATABASE {name} TO {reader};
GRANT TEMPORARY ON DATABASE {name} TO {reader} WITH GRANT OPTION;
COMMENT ON DATABASE {name} IS 'Ana''s library';
ALTER DATABASE {name} CONNECTION LIMIT 37;
ALTER DATABASE {name} SET work_mem = '17MB';
ALTER DATABASE {name} SET search_path = "$user", public, "odd name";
ALTER DATABASE {name} SET acme.note = 'a=b, it''s';
ALTER ROLE {reader} IN DATABASE {name} SET statement_timeout = '9s';
ALTER ROLE {reader} IN DATABASE {name} SET search_path = pg_catalog;
"""
SEEN_INSIDE = (
    "SELECT extname FROM pg_extension ORDER BY 1",
    "SELECT last_value, is_called FROM invoice_number",
    "SELECT tableowner FROM pg_tables WHERE tablename = 'library_loan'",
    "SELECT relacl::text FROM pg_class WHERE relname = 'library_loan'",
    "SELECT obj_description('library_loan'::regclass)",
)


@dataclass(frozen=True)
class Furnished:
    """An instance whose database somebody has set up by hand."""

    instance: Instance
    reader: str


@pytest.fixture
async def furnished(databases: PostgresDatabases, postgres_server: PostgresServer) -> Furnished:
    mark = ids.uuid7()[-8:]
    acme, reader = instance(f"props_{mark}"), f"reader_{mark}"
    await databases.create(acme, base=BASE)
    await query(postgres_server, "postgres", f"CREATE ROLE {reader}")
    for database, script in ((acme.database, INSIDE), ("postgres", OUTSIDE)):
        async with connected(postgres_server, database) as connection:
            for statement in script.format(name=acme.database, reader=reader).split(";\n"):
                if statement.strip():
                    await connection.execute(statement.encode())
    return Furnished(acme, reader)


async def properties(server: PostgresServer, database: str) -> Properties:
    async with connected(server) as connection:
        return await read_properties(connection, database)


async def inside(server: PostgresServer, database: str) -> list[object]:
    return [await query(server, database, statement) for statement in SEEN_INSIDE]


@pytest.mark.parametrize("online", [False, True], ids=["in the window", "dump"])
async def test_a_snapshot_brings_back_all_that_belongs_to_a_database(
    furnished: Furnished, postgres_server: PostgresServer, home: Home, online: bool
) -> None:
    snapshots = PostgresSnapshots(postgres_server, home, None)
    acme = furnished.instance
    before = await properties(postgres_server, acme.database)
    before_inside = await inside(postgres_server, acme.database)
    assert len(before.settings) == 5
    assert before.connection_limit == 37
    take = snapshots.take_online if online else snapshots.take
    taken = await take(acme, ids.uuid7())
    await query(postgres_server, "postgres", f"ALTER DATABASE {acme.database} RESET ALL")
    await query(postgres_server, "postgres", f"COMMENT ON DATABASE {acme.database} IS NULL")
    await query(postgres_server, acme.database, "SELECT setval('invoice_number', 900)")
    copy = await snapshots.copy(acme, taken, ids.uuid7())
    await snapshots.revert(acme, copy)
    assert await properties(postgres_server, acme.database) == before
    assert await inside(postgres_server, acme.database) == before_inside


async def test_what_waits_or_was_put_aside_lets_nobody_in_but_an_administrator(
    furnished: Furnished, postgres_server: PostgresServer, home: Home
) -> None:
    snapshots = PostgresSnapshots(postgres_server, home, None)
    acme = furnished.instance
    taken = await snapshots.take(acme, ids.uuid7())
    copy = await snapshots.copy(acme, taken, ids.uuid7())
    await snapshots.revert(acme, copy)
    kept = await query(
        postgres_server,
        "postgres",
        "SELECT datname, datconnlimit, datallowconn FROM pg_database"
        f" WHERE datname LIKE '{acme.database}\\_\\_%'",
    )
    assert len(kept) == 2
    assert {(limit, allowed) for _, limit, allowed in kept} == {(0, True)}
    for name, _, _ in kept:
        assert await query(postgres_server, str(name), "SELECT count(*) FROM library_loan")


async def test_a_database_made_from_nothing_sorts_text_as_the_one_before(
    postgres_server: PostgresServer,
) -> None:
    sorted_by, again = f"sorts_{ids.uuid7()[-8:]}", f"sorts_{ids.uuid7()[-8:]}_again"
    async with connected(postgres_server) as connection:
        await connection.execute(
            f"CREATE DATABASE {sorted_by} TEMPLATE template0 ENCODING 'UTF8'"
            " LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'".encode()
        )
        before = await read_properties(connection, sorted_by)
        await connection.execute(creation(again, before))
        assert (before.provider, before.locale) == ("builtin", "C.UTF-8")
        assert await read_properties(connection, again) == before
        for database in (sorted_by, again):
            await connection.execute(f"DROP DATABASE {database}".encode())


def test_a_database_of_icu_is_made_with_its_locale_and_rules() -> None:
    # The PostgreSQL of the tests is built without ICU.
    acme = Properties(
        owner="acme",
        encoding="UTF8",
        collate="C",
        ctype="C",
        provider="icu",
        locale="de-AT",
        rules="&a < g",
        connection_limit=-1,
        comment=None,
        grants=(),
        settings=(),
    )
    assert creation("acme_again", acme).as_string(None) == (
        'CREATE DATABASE "acme_again" TEMPLATE template0 OWNER "acme" ENCODING \'UTF8\''
        " LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT' ICU_RULES '&a < g'"
    )
