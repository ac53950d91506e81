"""Databases with just the tables of Odoo that oCore itself reads, made in a moment.

What Odoo really makes is tested with the whole platform.
"""

from pathlib import Path

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer

BASE = "19.0-test"

TABLES = """
SET ROLE {role};
CREATE TABLE ir_module_module (name text PRIMARY KEY, state text, latest_version text);
INSERT INTO ir_module_module VALUES
    ('base', 'installed', '19.0.1.3'), ('loans', 'installed', '19.0.1.0.0'),
    ('crm', 'uninstalled', NULL);
CREATE TABLE ir_config_parameter (
    key text PRIMARY KEY, value text, create_date timestamp, write_date timestamp);
INSERT INTO ir_config_parameter (key, value) VALUES ('database.uuid', 'the base');
CREATE TABLE res_users (login text PRIMARY KEY, password text);
INSERT INTO res_users VALUES ('admin', 'admin');
CREATE TABLE library_loan (id serial PRIMARY KEY, borrower text);
INSERT INTO library_loan (borrower) VALUES ('Ada'), ('Grace');
"""


def instance(name: str) -> Instance:
    return Instance(
        id=name,
        organization_id="o",
        project_id="p",
        name=name,
        slug=name,
        database=name,
        host=f"{name}.localhost",
    )


async def make_base(databases: PostgresDatabases, server: PostgresServer, home: Home) -> None:
    scratch = await databases.create_base(BASE)
    async with connected(server, scratch.database) as connection:
        for statement in TABLES.format(role=scratch.database).split(";"):
            if statement.strip():
                await connection.execute(statement.encode())
    folder = filestore(home, scratch.database) / "ab"
    folder.mkdir(parents=True)
    (folder / "abcd").write_text("an asset")
    await databases.seal_base(BASE)


def filestore(home: Home, database: str) -> Path:
    return home.instances / database / "data" / "filestore" / database


async def query(server: PostgresServer, database: str, statement: str) -> list[tuple[object, ...]]:
    async with connected(server, database) as connection:
        found = await connection.execute(statement.encode())
        return await found.fetchall() if found.description else []
