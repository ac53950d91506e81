"""Another machine: a home and a PostgreSQL of its own, and nothing but the store and the key."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from ocore.databases.postgres import role_password
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from ocore.embedded.users import platform_users
from ocore.errors import Impossible, NotFound
from ocore.kit import ids
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import as_user
from ocore.snapshots.offsite.choosing import choose
from ocore.snapshots.offsite.key import new_key
from tests.databases.odoo_like import filestore
from tests.s3 import BUCKET, KEY_ID, SECRET
from tests.snapshots.faults import content_of
from tests.snapshots.offsite.conftest import Depot
from tests.snapshots.offsite.test_sending import add_file, tree_of


@dataclass
class Machine:
    """A home that does not exist before somebody restores into it."""

    home: Home
    depot: Depot

    def restore(self, *options: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
        key_file = self.home.root.with_suffix(".key")
        key_file.write_text(f"# the key of a platform that is gone\n{key or self.depot.key}\n")
        source = f"s3://{BUCKET}/{self.depot.prefix}"
        command = [sys.executable, "-m", "ocore", "restore", "--from", source, *options]
        return subprocess.run(
            [*command, "--key-file", str(key_file), "--into", str(self.home.root)],
            env={
                "PATH": os.environ["PATH"],
                "OCORE_OFFSITE_ENDPOINT": self.depot.s3.endpoint,
                "OCORE_OFFSITE_ACCESS_KEY_ID": KEY_ID,
                "OCORE_OFFSITE_SECRET_ACCESS_KEY": SECRET,
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PostgresServer]:
        cluster = Cluster(self.home, (await platform_users()).postgres)
        program = cluster.program(priority=1)
        with program.log.open("ab") as log:
            process = subprocess.Popen(
                as_user(program.argv, program.user), stdout=log, stderr=log, cwd="/"
            )
        try:
            await cluster.wait_ready(seconds=60)
            yield cluster.server()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


@pytest.fixture
def elsewhere(depot: Depot) -> Iterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="oc-", dir="/tmp"))
    root.rmdir()
    yield Machine(Home(root), depot)
    shutil.rmtree(root, ignore_errors=True)
    root.with_suffix(".key").unlink(missing_ok=True)


async def test_one_command_brings_database_and_files_back_on_a_machine_that_knows_nothing(
    depot: Depot, elsewhere: Machine
) -> None:
    database = depot.acme.database
    name = add_file(depot, os.urandom(50_000))
    await depot.run(f"ALTER DATABASE {database} SET work_mem = '7MB'")
    await depot.run(f"GRANT CONNECT ON DATABASE {database} TO pg_monitor")
    record = await depot.taken()
    await depot.offsite.send(record, depot.acme)
    rows, files = content_of(depot.server, database), tree_of(depot.filestore)
    await depot.run("DELETE FROM library_loan")

    done = elsewhere.restore()
    assert done.returncode == 0, done.stdout + done.stderr
    assert SECRET not in done.stdout + done.stderr
    again = elsewhere.restore()
    assert again.returncode == 1
    assert f"there is a database {database} already" in again.stderr
    beside = elsewhere.restore("--as", "beside", "--snapshot", record.id)
    assert beside.returncode == 0, beside.stdout + beside.stderr

    assert name in files
    secret = (elsewhere.home.secrets / "platform-secret").read_text()
    async with elsewhere.running() as server:
        for made in (database, "beside"):
            assert tree_of(filestore(elsewhere.home, made)) == files
            assert content_of(server, made) == rows
            own = replace(server, user=made, password=role_password(secret, made))
            with psycopg.connect(own.conninfo(made)) as connection:
                # As Odoo will: by its own role, with its own password, owning what is its own.
                connection.execute("ALTER TABLE library_loan ADD note text")
                connection.execute("DELETE FROM library_loan")
                found = connection.execute("SHOW work_mem").fetchone()
                assert found == ("7MB",)
    owner = (await platform_users()).odoo
    if owner is not None:
        assert (filestore(elsewhere.home, database) / name).stat().st_uid == owner.uid
    assert not list(elsewhere.home.snapshots.iterdir())


async def test_what_stands_in_the_way_is_named_before_anything_is_made(
    depot: Depot, elsewhere: Machine
) -> None:
    await depot.offsite.send(await depot.taken(), depot.acme)
    wrong = elsewhere.restore(key=new_key())
    assert wrong.returncode == 1
    assert "cannot be opened: the key does not fit" in " ".join(wrong.stderr.split())
    both = elsewhere.restore("--as", "beside", "--for", ids.uuid7())
    assert both.returncode == 2
    assert "leave out --as or --for" in both.stderr
    other = replace(depot.acme, id=ids.uuid7(), slug="the-other")
    await depot.offsite.send(await depot.taken(), other)
    with pytest.raises(Impossible, match=r"say which instance: .*depot_.* the-other"):
        await choose(depot.offsite, snapshot="latest", instance=None)
    chosen = await choose(depot.offsite, snapshot="latest", instance="the-other")
    assert chosen.instance_id == other.id
    with pytest.raises(NotFound, match="no copy of snapshot nobody's is in the store"):
        await choose(depot.offsite, snapshot="nobody's", instance=None)
