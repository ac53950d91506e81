"""A PostgreSQL that can be killed at a chosen statement, and a look at what is left."""

import asyncio
import hashlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg

from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from ocore.embedded.users import platform_users
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import as_user

Moment = Literal["before", "during", "after"]
CHANGES = ("ALTER", "COMMENT", "CREATE", "DROP", "GRANT", "REVOKE")
_EXECUTE = psycopg.AsyncConnection.execute


@dataclass
class Machine:
    """One cluster on a folder of its own: killed, and brought back."""

    home: Home
    cluster: Cluster
    argv: list[str]
    process: subprocess.Popen[bytes] | None = None

    @property
    def server(self) -> PostgresServer:
        return self.cluster.server()

    async def start(self) -> None:
        """Bring it up, after a crash by recovery."""
        pid_file = self.home.postgres / "data" / "postmaster.pid"
        while self.process is not None and pid_file.exists():
            if not _any_left(self.home):
                pid_file.unlink()
            await asyncio.sleep(0.02)
        with (self.home.log / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log, cwd="/")
        await self.cluster.wait_ready(seconds=60)

    def crash(self, how: signal.Signals) -> None:
        """SIGKILL as the kernel would, or SIGQUIT: `immediate`, as on a power cut."""
        assert self.process is not None
        self.process.send_signal(how)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)


def _any_left(home: Home) -> bool:
    """Say whether a child of the killed postmaster is still attached to its files."""
    data = str(home.postgres / "data")
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and str((entry / "cwd").readlink()) == data:
                return True
    return False


@asynccontextmanager
async def machine(parent: Path = Path("/tmp")) -> AsyncIterator[Machine]:
    root = Path(tempfile.mkdtemp(prefix="oc-", dir=parent))
    root.chmod(0o711)
    home, users = Home(root), await platform_users()
    home.log.mkdir()
    cluster = Cluster(home, users.postgres)
    await cluster.initialise()
    program = cluster.program(priority=1)
    # Small files and few of them: what is made here has to fit on a small disk, too.
    options = ["-c", "fsync=off", "-c", "min_wal_size=32MB", "-c", "max_wal_size=48MB"]
    made = Machine(home, cluster, as_user([*program.argv, *options], program.user))
    await made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(root)


@dataclass
class Saboteur:
    """Lets the n-th statement that changes something be the last one: the server dies with it.

    Without a machine only the caller dies, as a worker would.
    """

    number: int
    moment: Moment
    machine: Machine | None = None
    how: signal.Signals = signal.SIGKILL
    struck: str = ""
    seen: list[str] = field(default_factory=list)

    async def execute(self, connection: Any, query: Any, *more: Any, **options: Any) -> Any:
        text = query.as_string(connection) if hasattr(query, "as_string") else str(query)
        if not text.startswith(CHANGES):
            return await _EXECUTE(connection, query, *more, **options)
        self.seen.append(text)
        if len(self.seen) != self.number:
            return await _EXECUTE(connection, query, *more, **options)
        self.struck = text
        if self.moment == "during":
            running = asyncio.ensure_future(_EXECUTE(connection, query, *more, **options))
            await asyncio.sleep(0.004)
            self._strike()
            with suppress(psycopg.Error):
                await running
        elif self.moment == "after":
            await _EXECUTE(connection, query, *more, **options)
            self._strike()
        else:
            self._strike()
        raise WorkerDied(text)

    def _strike(self) -> None:
        if self.machine is not None:
            self.machine.crash(self.how)


class WorkerDied(BaseException):
    """The program ends here: nothing of it runs any more."""


def content_of(server: PostgresServer, database: str) -> str | None:
    """Return a digest of an instance's rows; None when there is no such database."""
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT datallowconn FROM pg_database WHERE datname = %s", [database]
        ).fetchone()
        if found is None:
            return None
        if not found[0]:
            # Refused to everybody by a revert that did not end; looked at all the same.
            connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'.encode())
    with psycopg.connect(server.conninfo(database)) as connection:
        rows = connection.execute("SELECT id, borrower FROM library_loan ORDER BY id").fetchall()
        modules = connection.execute("SELECT * FROM ir_module_module ORDER BY name").fetchall()
    if not found[0]:
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
    return hashlib.sha256(repr([rows, modules]).encode()).hexdigest()
