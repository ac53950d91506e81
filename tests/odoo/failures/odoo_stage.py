"""A real Odoo 19 on a real PostgreSQL 18, on which failures are caused one after the other."""

import asyncio
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from ocore.environments import Limits
from ocore.kit import shell
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import as_user, os_user
from ocore.odoo.commands import Program, server_command, update_command
from ocore.odoo.conf import Conf, Connection, Listening, odoo_conf
from tests.odoo.failures.case import ROOT, Log
from tests.odoo.failures.library import ROWS, SEED, Files
from tests.ports import free_port
from tests.postgres import running_cluster
from tests.real_odoo import RealOdoo, real_odoo

ROLE, BASE, WORK = "library", "base_of_failures", "library"
MODULE = "library_loans"


@dataclass(frozen=True)
class OdooStage:
    """A folder with the module, and a database in which it is installed and has rows."""

    folder: Path
    server: PostgresServer
    odoo: RealOdoo
    within: tuple[str, ...] = ()
    """A command that runs the command it is given, as chroot does."""

    @property
    def version(self) -> str:
        return f"Odoo {self.odoo.tree.version} (Debian), PostgreSQL 18"

    @property
    def addons(self) -> Path:
        return self.folder / "addons"

    @property
    def connection(self) -> Connection:
        return Connection(host=self.server.host, port=self.server.port, user=ROLE, password="loans")

    async def update(
        self, files: Files, *, module: str = MODULE, options: str = "-c lock_timeout=2s"
    ) -> Log:
        """Write these files over the module, and update it in a fresh copy of the database."""
        await self.fresh()
        self.write(files, module)
        return await self.run(update=[module], options=options)

    async def install(self, files: Files, module: str = "library_extra") -> Log:
        """Install a further module."""
        await self.fresh()
        self.write(files, module)
        return await self.run(install=[module])

    async def fresh(self) -> None:
        """Give the module as it was, and the database as it was."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.addons.mkdir(parents=True)
        (self.folder / "data").mkdir()
        self.write(SEED, MODULE)
        self.execute(
            f"DROP DATABASE IF EXISTS {WORK} WITH (FORCE)",
            f"ALTER ROLE {ROLE} CONNECTION LIMIT -1",
            f"CREATE DATABASE {WORK} TEMPLATE {BASE} OWNER {ROLE}",
        )

    def write(self, files: Files, module: str = MODULE) -> None:
        """Write these files of a module, for the series that is on the stage."""
        series = self.odoo.tree.version.encode()
        for name, content in files.items():
            file = self.addons / module / name.replace("19.0", series.decode())
            file.parent.mkdir(parents=True, exist_ok=True)
            text = content if isinstance(content, bytes) else content.encode()
            file.write_bytes(text.replace(b"19.0", series))
        own(self.folder)

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.server.conninfo(database), autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement.encode())

    async def run(
        self,
        *,
        install: Sequence[str] = (),
        update: Sequence[str] = (),
        options: str = "-c lock_timeout=2s",
        conf: Mapping[str, str] | None = None,
        connection: Connection | None = None,
        within: Sequence[str] = (),
    ) -> Log:
        argv = update_command(self.program(conf, connection), install=install, update=update)
        return await self.spawn(argv, options=options, within=within)

    async def serve(self, path: str = "/web/login") -> Log:
        """Serve, ask for a page and its assets, and stop."""
        port = free_port()
        argv = server_command(self.program({"http_port": str(port)}, None))
        running = asyncio.create_task(self.spawn(argv))
        for _ in range(100):
            await asyncio.sleep(0.3)
            if page := await asyncio.to_thread(answer, f"http://127.0.0.1:{port}{path}"):
                for asset in re.findall(r'"(/web/assets/[^"]+)"', page):
                    await asyncio.to_thread(answer, f"http://127.0.0.1:{port}{asset}")
                break
        await asyncio.sleep(1)
        await shell.run(["sh", "-c", f"kill -INT $(cat {self.folder}/pid)"])
        return replace(await running, exit_code=None)

    def program(self, conf: Mapping[str, str] | None, connection: Connection | None) -> Program:
        text = odoo_conf(
            Conf(
                database=WORK,
                connection=connection or self.connection,
                listening=Listening(
                    host="127.0.0.1", http_port=free_port(), websocket_port=free_port()
                ),
                data_dir=str(self.folder / "data"),
                addons_paths=(str(self.addons), *self.odoo.tree.addons_paths),
                limits=Limits(limit_memory_hard=600 * 1024**2),
                admin_password="unused",
            )
        )
        more = "".join(f"{key} = {value}\n" for key, value in (conf or {}).items())
        kept = [line for line in text.splitlines() if line.partition(" =")[0] not in (conf or {})]
        file = self.folder / "odoo.conf"
        file.write_text("\n".join(line for line in kept if line) + "\n" + more)
        own(self.folder)
        return Program(
            python=str(self.odoo.python), executable=self.odoo.tree.executable, conf=str(file)
        )

    async def spawn(
        self, argv: Sequence[str], *, options: str = "", within: Sequence[str] = ()
    ) -> Log:
        """Run it; `within` is a command that runs the command it is given."""
        lines: list[str] = []
        env = {
            "HOME": str(self.folder / "data"),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": self.odoo.tree.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "MALLOC_ARENA_MAX": "2",
            "PGOPTIONS": options,
        }
        code = await shell.stream(
            [*within, *self.within, *as_user(argv, os_user("daemon"))],
            lines.append,
            env=env,
            cwd="/",
            on_start=lambda pid: (self.folder / "pid").write_text(str(pid)) and None,
        )
        kept = [self.scrubbed(line) for line in lines]
        facts = {"with": self.version, "command": self.scrubbed(" ".join(argv))}
        return Log(lines=tuple(kept), exit_code=code, facts=facts)

    def scrubbed(self, line: str) -> str:
        """Return the line with the paths that every log has in common."""
        tree = self.odoo.tree.python_path.removesuffix("/usr/lib/python3/dist-packages")
        for real, shown in (
            (str(self.addons), ROOT),
            (str(self.folder), "/srv/library"),
            (f"{tree}/usr", "/opt/odoo"),
            (str(Path(tree).resolve() / "usr"), "/opt/odoo"),
            (str(self.odoo.python.parent.parent), "/opt/venv"),
            (str(self.server.port), "5499"),
        ):
            line = line.replace(real, shown)
        return line


def own(folder: Path) -> None:
    user = os_user("daemon")
    for path in (folder, *folder.rglob("*")):
        with suppress(PermissionError):
            shutil.chown(path, user.uid, user.gid)


def answer(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - our own Odoo
            return str(response.read())
    except urllib.error.HTTPError as refusal:
        return str(refusal)
    except OSError:
        return ""


@asynccontextmanager
async def odoo_stage() -> AsyncIterator[OdooStage]:
    """Give the stage with Odoo 19 on it."""
    folder = Path(tempfile.mkdtemp(prefix="oc-failures-"))
    try:
        async with stage_of(await real_odoo(), folder) as stage:
            yield stage
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def stage_of(
    odoo: RealOdoo, folder: Path, *, within: tuple[str, ...] = ()
) -> AsyncIterator[OdooStage]:
    """Make the database with the module once; every failure begins with a copy of it."""
    folder.chmod(0o755)
    async with running_cluster() as (_, server):
        stage = OdooStage(folder / "site", server, odoo, within)
        stage.execute(
            f"CREATE ROLE {ROLE} LOGIN PASSWORD 'loans'",
            f"CREATE DATABASE {BASE} TEMPLATE template0 OWNER {ROLE}",
        )
        await stage.fresh()
        made = await stage.run(install=["base", MODULE])
        if made.exit_code:
            raise AssertionError("\n".join(made.lines))
        stage.execute(ROWS, database=WORK)
        stage.execute(f"DROP DATABASE {BASE}", f"ALTER DATABASE {WORK} RENAME TO {BASE}")
        yield stage
