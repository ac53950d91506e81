"""A registry for tests: Debian's docker-registry, on a port and in a folder of its own."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from tests.ports import free_port

USER, PASSWORD = "builder", "hunter2 of the registry"
_HTPASSWD: Final = f"{USER}:$2b$05$abcdefghijklmnopqrstuuVzTUnsW2U8Z4mOPQKynBqNIqLoNsBHy\n"
"""The password by bcrypt, which is all that docker-registry reads."""
_CONFIGURATION: Final = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
_AUTHENTICATION: Final = """\
auth: {{htpasswd: {{realm: tests, path: {file}}}}}
"""


@dataclass
class Shelf:
    """One `docker-registry serve`; with `closed` it wants USER and PASSWORD."""

    folder: Path
    port: int
    closed: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        file, users = self.folder / "registry.yml", self.folder / "htpasswd"
        text = _CONFIGURATION.format(root=self.folder / "registry", port=self.port)
        users.write_text(_HTPASSWD)
        file.write_text(text + (_AUTHENTICATION.format(file=users) if self.closed else ""))
        with (self.folder / "registry.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", str(file)], stdout=log, stderr=log
            )
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while not await self._answers(http):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"http://{self.address}/v2/") as response:
                return response.status == (401 if self.closed else 200)
        except aiohttp.ClientError:
            return False


@asynccontextmanager
async def registry_in(folder: Path, *, closed: bool = False) -> AsyncIterator[Shelf]:
    shelf = Shelf(folder, free_port(), closed)
    await shelf.start()
    try:
        yield shelf
    finally:
        shelf.stop()
