"""What people use today, run as they run it: pg_dump and pg_restore, and click-odoo's programs.

click-odoo-contrib is installed beside Odoo's requirements in an environment of its own.
"""

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.filled import Filled
from ocore.embedded.users import platform_users
from ocore.images.venvs import Venvs
from ocore.kit import shell
from ocore.kit.databases import connected, drop_database
from ocore.kit.privileges import as_user
from ocore.wiring.tools import python_for
from tests.real_odoo import cache_folder
from tests.runtime.conftest import own

CLICK_ODOO: Final = "click-odoo-contrib==1.24"
_CONF: Final = """\
[options]
db_host = {host}
db_port = {port}
db_user = {user}
db_password = {password}
data_dir = {data}
pg_path = {binaries}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rivals:
    """Programs with a folder on the same disk."""

    filled: Filled
    folder: Path
    bin: Path

    @classmethod
    async def beside(cls, filled: Filled) -> "Rivals":
        folder = filled.disk / "rivals"
        folder.mkdir()
        server, odoo = filled.site.host.server, filled.site.odoo
        data = filled.site.home.instances / filled.instance.database / "data"
        text = _CONF.format(
            host=server.host,
            port=server.port,
            user=server.user,
            password=server.password,
            data=data,
            binaries=server.binaries,
        )
        (folder / "odoo.conf").write_text(text)
        own(folder, filled.site.host.user)
        users = await platform_users()
        venvs = Venvs(
            cache=cache_folder(),
            python=python_for(users),
            user=users.odoo,
            environment={**os.environ, "UV_LINK_MODE": "copy"},
        )
        python = await venvs.make([*odoo.tree.requirements, CLICK_ODOO], say=print_nothing)
        return cls(filled=filled, folder=folder, bin=python.parent)

    async def pg_dump(self) -> float:
        """Return the seconds of `pg_dump -Fc`, into the file that `pg_restore` reads."""
        target = ["--file", str(self.folder / "db.dump")]
        return await self._run(["pg_dump", "-Fc", *target, self.filled.instance.database])

    async def pg_restore(self) -> float:
        """Return the seconds of `pg_restore -j2` into an empty database."""
        name = f"{self.filled.instance.database}_restored"
        await self._recreate(name)
        options = ["-j2", "--no-owner", f"--dbname={name}"]
        seconds = await self._run(["pg_restore", *options, str(self.folder / "db.dump")])
        await self._drop(name)
        return seconds

    async def backupdb(self) -> float:
        """Return the seconds of `click-odoo-backupdb`, database and filestore, into a folder."""
        target = self.folder / "backup"
        shutil.rmtree(target, ignore_errors=True)
        options = ["--format", "folder", self.filled.instance.database, str(target)]
        return await self._run(["click-odoo-backupdb", *self._conf(), *options])

    async def restoredb(self) -> float:
        """Return the seconds of `click-odoo-restoredb` of that folder, as a move (not a copy)."""
        name = f"{self.filled.instance.database}_clicked"
        options = ["--move", "--jobs", "2", name, str(self.folder / "backup")]
        seconds = await self._run(["click-odoo-restoredb", *self._conf(), *options])
        await self._drop(name)
        return seconds

    def _conf(self) -> list[str]:
        return ["-c", str(self.folder / "odoo.conf")]

    async def _run(self, argv: Sequence[str]) -> float:
        server, tree = self.filled.site.host.server, self.filled.site.odoo.tree
        program = self.bin / argv[0] if argv[0].startswith("click") else argv[0]
        environment = {
            "PATH": f"{server.binaries}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "PYTHONPATH": tree.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGUSER": server.user,
            "PGPASSWORD": server.password,
        }
        command = as_user([str(program), *argv[1:]], self.filled.site.host.user)
        begun = time.monotonic()
        await shell.run(command, env=environment, cwd="/")
        return time.monotonic() - begun

    async def _recreate(self, name: str) -> None:
        await self._drop(name)
        async with connected(self.filled.site.host.server) as connection:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())

    async def _drop(self, name: str) -> None:
        async with connected(self.filled.site.host.server) as connection:
            await drop_database(connection, name)


def print_nothing(_line: str) -> None:
    return None
