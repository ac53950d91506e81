"""Real programs for these tests: Traefik, the holder, and a web server that stands for Odoo.

The proxy does not care what answers behind it, so the stand-in is an honest one.
"""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from ocore.artifacts import Endpoint
from ocore.environments import Instance
from ocore.proxy.configuration import LOOPBACK, Layout
from ocore.proxy.holding import Patience, holding_command
from ocore.proxy.targets import Door, port_of
from ocore.proxy.traefik import TraefikProxy, prepare, traefik_binary, traefik_command
from tests.ports import free_port


def instance(name: str = "library") -> Instance:
    return Instance(
        id=name,
        organization_id="o",
        project_id="p",
        name=name,
        slug=name,
        database=f"{name}_0001",
        host=f"{name}.localhost",
    )


class Program:
    """A program under test; it is killed at the end, and can be before."""

    def __init__(self, argv: Sequence[str], output: Path) -> None:
        self._argv = argv
        self._output = output
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with self._output.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *self._argv, stdout=output, stderr=output
            )

    async def stop(self, how: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(how)
            await self._process.wait()


class Platform:
    """One Traefik, one holder, and the adapter that tells them what to do."""

    def __init__(self, directory: Path, patience: Patience) -> None:
        self.layout = Layout(
            directory=directory,
            log=directory / "log" / "traefik.log",
            address=f"{LOOPBACK}:{free_port()}",
            api_port=free_port(),
            holder_port=free_port(),
        )
        directory.mkdir(parents=True, exist_ok=True)
        prepare(self.layout)
        self.proxy = TraefikProxy(self.layout, seconds=10)
        static_file = self.layout.static_file
        self.traefik = Program(
            traefik_command(traefik_binary(), static_file), directory / "traefik.out"
        )
        holding = holding_command(
            Path(sys.executable),
            port=self.layout.holder_port,
            targets=self.layout.targets,
            patience=patience,
        )
        self.holder = Program(holding, directory / "holder.out")

    @property
    def url(self) -> str:
        return f"http://{self.layout.address}"

    async def start(self) -> None:
        await self.traefik.start()
        await self.holder.start()
        for port in (self.layout.api_port, self.layout.holder_port):
            await listening(port)

    async def stop(self) -> None:
        await self.traefik.stop()
        await self.holder.stop()


@asynccontextmanager
async def running(
    directory: Path, *, seconds: float = 30.0, most: int = 1000
) -> AsyncIterator[Platform]:
    platform = Platform(directory, Patience(seconds=seconds, most=most))
    await platform.start()
    try:
        yield platform
    finally:
        await platform.stop()


async def listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection(LOOPBACK, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


class Colour:
    """Stands for one colour of an Odoo: says its name, and remembers which ids it was sent.

    `most_at_once` is how many requests it ever had at work together, and `opened` tells when it
    was let have each websocket. Without workers it has one port for both. It answers the next
    `busy` handshakes as an Odoo does that has no connection to its database left.
    """

    def __init__(self, name: str, *, workers: bool = True) -> None:
        self.name = name
        self.served: Counter[str] = Counter()
        port = free_port()
        websocket = free_port() if workers else port
        self.endpoint = Endpoint(host=LOOPBACK, http_port=port, websocket_port=websocket)
        self.most_at_once = 0
        self.opened: list[float] = []
        self.busy = 0
        self._at_work = 0
        self._runners: list[web.AppRunner] = []

    async def start(self) -> None:
        for port, door in {port_of(self.endpoint, each): each for each in Door}.items():
            app = web.Application()
            app.router.add_get("/websocket", partial(self._websocket, door))
            app.router.add_route("*", "/{path:.*}", partial(self._answer, door))
            runner = web.AppRunner(app, shutdown_timeout=5)
            await runner.setup()
            await web.TCPSite(runner, LOOPBACK, port).start()
            self._runners.append(runner)

    async def stop(self) -> None:
        """End as Odoo does when it is told to: take nothing new, finish what is at work."""
        for runner in self._runners:
            await runner.cleanup()
        self._runners.clear()

    async def _answer(self, door: Door, request: web.Request) -> web.Response:
        size = 0
        async for chunk in request.content.iter_chunked(1 << 20):
            size += len(chunk)
        self.served[request.query.get("id", "")] += 1
        self._at_work += 1
        self.most_at_once = max(self.most_at_once, self._at_work)
        await asyncio.sleep(float(request.query.get("seconds", "0")))
        self._at_work -= 1
        answer = {
            "colour": self.name,
            "door": door,
            "bytes": size,
            "headers": {key.lower(): value for key, value in request.headers.items()},
        }
        return web.json_response(answer)

    async def _websocket(self, door: Door, request: web.Request) -> web.StreamResponse:
        if self.busy:
            self.busy -= 1
            return web.Response(status=500)
        socket = web.WebSocketResponse(autoclose=False)
        await socket.prepare(request)
        self.opened.append(asyncio.get_running_loop().time())
        async for message in socket:
            await socket.send_str(f"{self.name} {door} {message.data}")
        # As Odoo does: with the code that it was closed with.
        await socket.close(code=socket.close_code or 1000)
        return socket


@asynccontextmanager
async def colours(*names: str, workers: bool = True) -> AsyncIterator[list[Colour]]:
    started = [Colour(name, workers=workers) for name in names]
    for colour in started:
        await colour.start()
    try:
        yield started
    finally:
        for colour in started:
            await colour.stop()


@asynccontextmanager
async def browser(platform: Platform, host: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a client whose every request names this host."""
    async with aiohttp.ClientSession(
        platform.url,
        headers={"Host": host},
        timeout=aiohttp.ClientTimeout(total=120),
        connector=aiohttp.TCPConnector(limit=0),
    ) as session:
        yield session
