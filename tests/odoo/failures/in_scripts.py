"""Failures of migration scripts, of the database and of the machine while Odoo works."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg

from tests.odoo.failures.case import Case, Log
from tests.odoo.failures.in_modules import case, installed, updated
from tests.odoo.failures.library import manifest, model, orm_script, script
from tests.odoo.failures.odoo_stage import BASE, MODULE, ROLE, WORK, OdooStage

UNLIMITED = "-c lock_timeout=60s"
SECOND_CURSOR = """\
import threading, time
from odoo.sql_db import db_connect

other = db_connect(cr.dbname).cursor()
cr.execute("SELECT count(*) FROM library_loan")
"""
SERIALIZATION = (
    SECOND_CURSOR
    + """\
other.execute("UPDATE library_loan SET days = 7")
other.commit()
cr.execute("UPDATE library_loan SET days = 14")
"""
)
DEADLOCK = (
    SECOND_CURSOR
    + """\
def cross():
    other.execute("UPDATE library_loan SET days = 1 WHERE name = 'Bo'")
    other.execute("UPDATE library_loan SET days = 1 WHERE name = 'Ana'")
cr.execute("UPDATE library_loan SET days = 2 WHERE name = 'Ana'")
threading.Thread(target=cross, daemon=True).start()
time.sleep(2)
cr.execute("UPDATE library_loan SET days = 2 WHERE name = 'Bo'")
"""
)
GROW = """cr.execute("INSERT INTO library_loan (name, note) \
SELECT n::text, string_agg(md5(random()::text), '') FROM generate_series(1, 3000) n, \
generate_series(1, 900) GROUP BY n")"""


async def killed_by_the_kernel(stage: OdooStage) -> Log:
    """Let the kernel end the updater, as it does when a machine is out of memory."""
    await stage.fresh()
    stage.write(script('rows = [b"x" * (n + (1 << 20)) for n in range(4096)]'))
    group = Path("/sys/fs/cgroup/memory/ocore-failures")
    group.mkdir(exist_ok=True)
    (group / "memory.limit_in_bytes").write_text(str(300 << 20))
    enter = f'echo $$ > {group}/cgroup.procs && exec "$@"'
    unlimited = {"limit_memory_hard": "0"}
    try:
        return await stage.run(update=[MODULE], conf=unlimited, within=["sh", "-c", enter, "sh"])
    finally:
        group.rmdir()


def scripted(name: str, how: str, body: str, *, file: str = "post-fill.py") -> Case[OdooStage]:
    return case(f"script_{name}", how, updated(script(body, name=file)))


SCRIPTS = (
    scripted(
        "name_error",
        "a name that means nothing",
        'cr.execute("SELECT id FROM library_loan")\nfor row in cr.fetchall():\n    fill(row)',
    ),
    case(
        "script_attribute",
        "a method that the model does not have",
        updated(orm_script('env["library.loan"].search([])._fill_all()', name="end-fill.py")),
    ),
    case(
        "script_unknown_model",
        "a model that does not exist (any more)",
        updated(orm_script('env["library.shelf"].search([])')),
    ),
    case(
        "script_unknown_field",
        "a value for a field that does not exist",
        updated(orm_script('env["library.loan"].create({"name": "A", "lender": 1})')),
    ),
    case(
        "script_missing_record",
        "a record that was deleted",
        updated(orm_script('env["library.loan"].browse(987654).name')),
    ),
    case(
        "script_external_id",
        "env.ref of an external id that does not exist",
        updated(orm_script('env.ref("library_loans.nobody")')),
    ),
    case(
        "script_user_error",
        "a UserError of Odoo's own",
        updated(orm_script('env["res.users"].browse(1).unlink()')),
    ),
    scripted(
        "undefined_column",
        "a column that does not exist yet",
        'cr.execute("UPDATE library_loan SET lender = name")',
        file="pre-rename.py",
    ),
    scripted(
        "undefined_table", "a table that does not exist", 'cr.execute("DELETE FROM library_shelf")'
    ),
    scripted(
        "sql_syntax", "SQL that is none", 'cr.execute("UPDATE library_loan SET WHERE days = 3")'
    ),
    scripted(
        "sql_type",
        "text that is no number",
        'cr.execute("UPDATE library_loan SET days = name::integer")',
    ),
    scripted(
        "division",
        "a division by zero in SQL",
        'cr.execute("SELECT 1 / (days - 3) FROM library_loan")',
    ),
    scripted(
        "unique",
        "the same id twice",
        'cr.execute("INSERT INTO library_loan (id, name) SELECT min(id), min(name) FROM library_loan")',
    ),
    scripted(
        "not_null",
        "a required column set to nothing",
        'cr.execute("UPDATE library_loan SET name = NULL")',
    ),
    scripted(
        "foreign_key",
        "deleting rows that others refer to",
        'cr.execute("DELETE FROM res_partner WHERE id = (SELECT min(id) FROM res_partner)")',
    ),
    scripted(
        "check",
        "a row that a constraint forbids",
        'cr.execute("ALTER TABLE library_loan ADD CONSTRAINT few_days CHECK (days < 15)")\ncr.execute("UPDATE library_loan SET days = 30")',
    ),
    scripted(
        "aborted",
        "going on after a statement that failed",
        'try:\n    cr.execute("SELECT nothing FROM library_loan")\nexcept Exception:\n    pass\ncr.execute("UPDATE library_loan SET days = 3")',
    ),
    scripted("serialization", "a second cursor that changed the same rows", SERIALIZATION),
    case(
        "script_deadlock",
        "two connections that wait for each other",
        lambda stage: stage.update(script(DEADLOCK), options=UNLIMITED),
    ),
    scripted(
        "statement_timeout",
        "a statement that takes longer than it may",
        'cr.execute("SET statement_timeout = \'300ms\'")\ncr.execute("SELECT pg_sleep(5)")',
    ),
    scripted(
        "terminated",
        "an administrator who ends the session",
        'cr.execute("SELECT pg_terminate_backend(pg_backend_pid())")',
    ),
    scripted(
        "privilege",
        "a role that only an administrator may create",
        'cr.execute("CREATE ROLE librarian")',
    ),
    scripted(
        "extension",
        "an extension that the server does not have",
        'cr.execute("CREATE EXTENSION pageinspect")',
    ),
    scripted(
        "memory",
        "a table read at once, beyond limit_memory_hard",
        "rows = [bytearray(1 << 20) for _ in range(4096)]",
    ),
    case(
        "script_killed", "a table read at once, in a control group of 300 MB", killed_by_the_kernel
    ),
    scripted(
        "network",
        "a request to a server that is not there",
        'import requests\nrequests.get("http://127.0.0.1:9/rates", timeout=5)',
    ),
    case(
        "script_signature",
        "migrate() with other parameters",
        updated(
            {
                "__manifest__.py": manifest(),
                "migrations/19.0.1.1.0/post-fill.py": "def migrate(env):\n    pass\n",
            }
        ),
    ),
    case(
        "script_function",
        "a script without migrate()",
        updated(
            {
                "__manifest__.py": manifest(),
                "migrations/19.0.1.1.0/post-fill.py": "def fill(cr, version):\n    pass\n",
            }
        ),
    ),
    case(
        "script_syntax",
        "a script that does not parse",
        updated(
            {
                "__manifest__.py": manifest(),
                "migrations/19.0.1.1.0/post-fill.py": 'def migrate(cr, version):\n    cr.execute("SELECT 1"\n',
            }
        ),
    ),
    case(
        "hook_error",
        "a post_init_hook that fails",
        installed(
            {
                "__init__.py": "def fill(env):\n    env['library.loan'].search([])[0].lend()\n",
                "__manifest__.py": "{'name': 'Extra', 'depends': ['library_loans'], 'post_init_hook': 'fill', 'license': 'LGPL-3'}",
            }
        ),
    ),
    case(
        "check_constraint",
        "a new constraint that a row breaks",
        updated(
            {
                "models/loan.py": model(
                    '_few_days = models.Constraint("CHECK (days < 4)", "At most three days.")'
                ),
                "__manifest__.py": manifest(),
            }
        ),
    ),
    case(
        "unique_constraint",
        "a new unique constraint, and two rows with the same value",
        updated(
            {
                "models/loan.py": model(
                    '_one_state = models.Constraint("UNIQUE (state)", "Only one.")'
                ),
                "__manifest__.py": manifest(),
            }
        ),
    ),
    case(
        "required_on_nulls",
        "a field that becomes required, and a row without a value",
        updated(
            {
                "models/loan.py": model().replace(
                    "note = fields.Text()", "note = fields.Text(required=True)"
                ),
                "__manifest__.py": manifest(),
            }
        ),
    ),
)


async def lock_timeout(stage: OdooStage) -> Log:
    await stage.fresh()
    stage.write({"models/loan.py": model("shelf = fields.Char()"), "__manifest__.py": manifest()})
    with psycopg.connect(stage.server.conninfo(WORK)) as report:
        report.execute("SELECT * FROM library_loan")
        return await stage.run(update=[MODULE])


async def port_taken(stage: OdooStage) -> Log:
    await stage.fresh()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        program = stage.program({"http_port": str(port)}, None)
        log = await stage.spawn(program.argv)
    return replace(log, lines=tuple(line.replace(str(port), "8069") for line in log.lines))


async def unreachable(stage: OdooStage) -> Log:
    await stage.fresh()
    return await stage.run(update=[MODULE], connection=replace(stage.connection, port=9))


async def unknown_host(stage: OdooStage) -> Log:
    await stage.fresh()
    elsewhere = replace(stage.connection, host="db.invalid")
    return await stage.run(update=[MODULE], connection=elsewhere)


async def wrong_password(stage: OdooStage) -> Log:
    await stage.fresh()
    return await stage.run(
        update=[MODULE], connection=replace(stage.connection, password="guessed")
    )


async def no_database(stage: OdooStage) -> Log:
    await stage.fresh()
    stage.execute(f"DROP DATABASE {WORK} WITH (FORCE)")
    return await stage.run(update=[MODULE])


async def too_many_clients(stage: OdooStage) -> Log:
    await stage.fresh()
    # Those of a superuser are kept free; an ordinary role is told so.
    held = []
    try:
        while True:
            conninfo = stage.server.conninfo("postgres")
            held.append(psycopg.connect(conninfo, user=ROLE, password="loans"))
    except psycopg.OperationalError:
        return await stage.run(update=[MODULE])
    finally:
        for connection in held:
            connection.close()


async def connection_limit(stage: OdooStage) -> Log:
    await stage.fresh()
    stage.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
    return await stage.run(update=[MODULE])


@contextmanager
def small_disk(path: Path, megabytes: int) -> Iterator[Path]:
    """Mount a disk that is soon full."""
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(path)], check=True
    )
    path.chmod(0o777)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


async def disk_full_postgres(stage: OdooStage) -> Log:
    await stage.fresh()
    stage.write({"models/loan.py": model(), **script(GROW)})
    with small_disk(stage.folder.parent / "tablespace", 60) as disk:
        os.chown(disk, *postgres_user(stage))
        stage.execute(
            f"DROP DATABASE {WORK} WITH (FORCE)",
            f"CREATE TABLESPACE small LOCATION '{disk}'",
            f"CREATE DATABASE {WORK} TEMPLATE {BASE} OWNER {ROLE} TABLESPACE small",
        )
        log = await stage.run(update=[MODULE])
        stage.execute(f"DROP DATABASE {WORK} WITH (FORCE)", "DROP TABLESPACE small")
    file = re.compile(r"pg_tblspc/\d+/(PG_\d+)_\d+/\d+/\d+")
    return replace(log, lines=tuple(file.sub(r"pg_tblspc/1/\1/2/3", line) for line in log.lines))


def postgres_user(stage: OdooStage) -> tuple[int, int]:
    with psycopg.connect(stage.server.conninfo("postgres")) as admin:
        row = admin.execute("SHOW data_directory").fetchone()
    assert row is not None
    found = Path(row[0]).stat()
    return found.st_uid, found.st_gid


async def disk_full_filestore(stage: OdooStage) -> Log:
    await stage.fresh()
    body = 'env["ir.attachment"].create({"name": "x", "raw": b"x" * (4 << 20)})'
    stage.write(orm_script(body))
    shutil.rmtree(stage.folder / "data")
    with small_disk(stage.folder / "data", 2):
        return await stage.run(update=[MODULE])


async def data_not_writable(stage: OdooStage) -> Log:
    await stage.fresh()
    body = 'env["ir.attachment"].create({"name": "x", "raw": b"x" * (4 << 10)})'
    stage.write(orm_script(body))
    program = stage.program(None, None)
    shutil.rmtree(stage.folder / "data")
    (stage.folder / "data").mkdir(mode=0o755)
    argv = [*program.argv, "--update", MODULE, "--stop-after-init", "--no-http"]
    return await stage.spawn(argv)


async def unknown_addons_path(stage: OdooStage) -> Log:
    await stage.fresh()
    return await stage.run(update=[MODULE], conf={"addons_path": "/srv/nowhere"})


async def module_gone(stage: OdooStage) -> Log:
    await stage.fresh()
    await asyncio.to_thread(shutil.rmtree, stage.addons / MODULE)
    return await stage.run(update=["base"])


MACHINE = (
    case("lock_timeout", "a report that reads the table which the update changes", lock_timeout),
    case("port_taken", "another program on Odoo's port", port_taken),
    case("database_unreachable", "no PostgreSQL on that port", unreachable),
    case("database_host", "a host that nobody knows", unknown_host),
    case("database_password", "a wrong password", wrong_password),
    case("database_missing", "no database, and a role that may not create one", no_database),
    case("too_many_clients", "as many sessions as max_connections allows", too_many_clients),
    case("role_connections", "a role with no connection left", connection_limit),
    case(
        "disk_full_postgres",
        "a tablespace of 60 MB on tmpfs, and a script that fills it",
        disk_full_postgres,
    ),
    case(
        "disk_full_filestore",
        "a filestore of 2 MB on tmpfs, and a larger attachment",
        disk_full_filestore,
    ),
    case("data_not_writable", "a data_dir of another user", data_not_writable),
    case("addons_path", "an addons_path that does not exist", unknown_addons_path),
    case("module_gone", "an installed module whose code is gone", module_gone),
)
CASES = (*SCRIPTS, *MACHINE)
