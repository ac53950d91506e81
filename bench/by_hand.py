"""An update as one does it by hand: on a copy of a database, with a shell and a browser."""

import asyncio
import configparser
import io
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from ocore.embedded.home import Home
from ocore.embedded.settings import settings_from
from ocore.embedded.users import PlatformUsers, platform_users
from ocore.images.release import Release, load_release
from ocore.kit.databases import connected, drop_database
from ocore.kit.files import replace_file
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import as_user
from ocore.kit.trees import link_tree
from ocore.runtime.folder import InstanceFolder
from ocore.snapshots.copying import Copier
from ocore.wiring.connections import odoo_server
from tests.integration.platform import Platform
from tests.ports import free_port

_POLL_SECONDS: Final = 0.05
_START_SECONDS: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of `odoo -u … --stop-after-init`, and from there to a 200 of /web/login."""

    update: float
    start: float

    @property
    def whole(self) -> float:
        return self.update + self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Somebody with a shell on the platform's machine and its PostgreSQL."""

    home: Home
    server: PostgresServer
    users: PlatformUsers

    @classmethod
    async def beside(cls, platform: Platform) -> "Operator":
        settings, users = settings_from(platform.variables()), await platform_users()
        return cls(home=settings.home, server=odoo_server(settings, users), users=users)

    @asynccontextmanager
    async def copy_of(self, database: str) -> AsyncIterator["Copy"]:
        """Give a copy of an instance, data and files, that nobody uses."""
        copy = Copy(operator=self, original=database, port=free_port())
        async with connected(self.server) as connection:
            await Copier(self.server).copy(connection, database, copy.database, owner=database)
            copy.folder.make(self.users.odoo)
            source = self.folder(database).data / "filestore" / database
            target = copy.folder.data / "filestore" / copy.database
            link_tree(source, target, self.users.odoo)
            try:
                yield copy
            finally:
                await drop_database(connection, copy.database)

    def folder(self, database: str) -> InstanceFolder:
        return InstanceFolder(self.home.instances / database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy of an instance's database and files."""

    operator: Operator
    original: str
    port: int

    @property
    def database(self) -> str:
        return f"{self.original}_by_hand"

    @property
    def folder(self) -> InstanceFolder:
        return self.operator.folder(self.database)

    async def update(self, modules: Sequence[str], image: str) -> Timing:
        """Bring the modules to this image's version, and stop once the login page was there."""
        release = load_release(self.operator.home.releases, image)
        self._write_conf(release)
        argv = ["--update", ",".join(modules), "--stop-after-init", "--no-http"]
        begun = time.monotonic()
        updater = await self._odoo(release, argv)
        assert await updater.wait() == 0, self.folder.log("by-hand").read_text()[-2000:]
        updated = time.monotonic()
        server = await self._odoo(release, [])
        try:
            await self._login_page()
            started = time.monotonic()
        finally:
            server.terminate()
            await server.wait()
        return Timing(update=updated - begun, start=started - updated)

    def _write_conf(self, release: Release) -> None:
        parser = configparser.RawConfigParser()
        parser.read(self.operator.folder(self.original).conf("blue"))
        addons = (*release.addons_paths, *release.tree.addons_paths)
        own = {
            "addons_path": ",".join(addons),
            "data_dir": str(self.folder.data),
            "db_name": self.database,
            "dbfilter": f"^{self.database}$",
            "http_port": str(self.port),
            "gevent_port": "0",
        }
        parser.read_dict({"options": own})
        text = io.StringIO()
        parser.write(text)
        replace_file(self._conf, text.getvalue(), owner=self.operator.users.odoo)

    async def _odoo(self, release: Release, argv: Sequence[str]) -> asyncio.subprocess.Process:
        odoo = [release.python, release.tree.executable, "--config", str(self._conf), *argv]
        with self.folder.log("by-hand").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *as_user(odoo, self.operator.users.odoo),
                env=self._environment(release),
                cwd="/",
                stdout=log,
                stderr=log,
            )

    def _environment(self, release: Release) -> Mapping[str, str]:
        """Return what our own Odoo processes get as well, so that only the work differs."""
        return {
            "HOME": str(self.folder.data),
            "LANG": "C.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": release.tree.python_path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "MALLOC_ARENA_MAX": "2",
        }

    async def _login_page(self) -> None:
        url = f"http://127.0.0.1:{self.port}/web/login"
        async with asyncio.timeout(_START_SECONDS), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(url, allow_redirects=False) as response:
                        if response.status == 200:
                            return
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(_POLL_SECONDS)

    @property
    def _conf(self) -> Path:
        return self.folder.conf("by-hand")
