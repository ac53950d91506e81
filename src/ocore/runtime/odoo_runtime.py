"""Odoo in two colours per instance, whoever keeps its processes running."""

import asyncio
from collections import deque
from dataclasses import replace
from typing import Final

from ocore.artifacts import Colour, Endpoint, Image, Say
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.runtime import ModuleChange
from ocore.runtime.answers import all_answered
from ocore.runtime.odoo_process import (
    CRON,
    UPDATE,
    OdooHost,
    Part,
    neutralize_argv,
    serve_argv,
    serving_conf,
    silent_conf,
    update_argv,
)
from ocore.runtime.parts import Parts
from ocore.runtime.ports import Ports
from ocore.runtime.sessions import Sessions
from ocore.runtime.updater import update_failed

# Less than the time for which the proxy holds requests.
_DRAIN_SECONDS: Final = 10.0
# The second signal must not arrive before the first is noticed.
_TWICE_SECONDS: Final = 0.05
_REMEMBERED_LINES: Final = 2000


class OdooRuntime:
    """Runtime of one machine. What it starts outlives the worker, but not the platform."""

    def __init__(
        self, parts: Parts, host: OdooHost, ports: Ports, *, drain_seconds: float = _DRAIN_SECONDS
    ) -> None:
        self._parts = parts
        self._sessions = Sessions(host.server)
        self._host = host
        self._ports = ports
        self._drain_seconds = drain_seconds

    async def update(
        self, instance: Instance, image: Image, change: ModuleChange, *, say: Say
    ) -> None:
        part = await self._parts.part(instance, image, UPDATE)
        conf = silent_conf(part, self._host)
        if change.test_tags:
            # Tests of pages are answered by the updater itself, which needs a port for them.
            conf = serving_conf(part, self._host, await self._ports.take(instance, Colour.BLUE))
        try:
            async with asyncio.timeout(change.seconds):
                await self._run_once(part, update_argv(part, change), conf, say=say)
        except TimeoutError:
            raise StepFailed(f"Odoo's updater did not end in {change.seconds:.0f} s") from None

    async def neutralize(self, instance: Instance, image: Image, *, say: Say) -> None:
        part = await self._parts.part(instance, image, UPDATE)
        conf = silent_conf(part, self._host)
        await self._run_once(part, neutralize_argv(part), conf, say=say)

    async def _run_once(self, part: Part, argv: list[str], conf: str, *, say: Say) -> None:
        if await self._end_stray_updater(part.instance):
            say("An updater that an earlier try left behind was killed")
        last: deque[str] = deque(maxlen=_REMEMBERED_LINES)

        def hear(line: str) -> None:
            last.append(line)
            say(line)

        code = await self._parts.update(part, argv, conf, say=hear)
        if code:
            own_modules = next(iter(part.release.addons_paths), None)
            raise update_failed(code, tuple(last), modules_root=own_modules)

    async def start(self, instance: Instance, image: Image, colour: Colour) -> Endpoint:
        part = await self._parts.part(instance, image, colour)
        endpoint = await self._endpoint(instance, colour)
        conf = serving_conf(part, self._host, endpoint)
        return replace(endpoint, host=await self._parts.run(part, serve_argv(part), conf))

    async def stop(self, instance: Instance, colour: Colour) -> None:
        endpoint = await self._ports.recorded(instance, colour)
        if endpoint is not None and await self._parts.up(instance, colour):
            left = await all_answered(endpoint, seconds=self._drain_seconds)
            if await self._sessions.at_rest(instance, colour, seconds=left):
                # Told once, Odoo waits up to a second for connections that are open and idle, as
                # those of a proxy are; told twice, it ends (`ThreadedServer.signal_handler`).
                await self._parts.terminate(instance, colour)
                await asyncio.sleep(_TWICE_SECONDS)
        await self._parts.stop(instance, colour)

    async def drain(self, instance: Instance) -> None:
        await asyncio.gather(*(self.stop(instance, colour) for colour in Colour))

    async def halt(self, instance: Instance) -> None:
        parts = (*Colour, CRON)
        await asyncio.gather(*(self._parts.stop(instance, name) for name in parts))
        await self._end_stray_updater(instance)

    async def _endpoint(self, instance: Instance, colour: Colour) -> Endpoint:
        if await self._parts.up(instance, colour):
            recorded = await self._ports.recorded(instance, colour)
            if recorded is not None:
                return recorded
        return await self._ports.take(instance, colour)

    async def _end_stray_updater(self, instance: Instance) -> bool:
        killed = await self._parts.end_updater(instance)
        # Its last statement may still run on the server, whoever started it and wherever.
        await self._sessions.end(instance, UPDATE)
        return killed
