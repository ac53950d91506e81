"""Scheduled actions in a process of their own."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from ocore.artifacts import Image, Say
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.runtime import ScheduledAction
from ocore.runtime.cron_fence import CronFence, around
from ocore.runtime.odoo_process import CRON, OdooHost, cron_argv, silent_conf
from ocore.runtime.parts import Parts

_POLL_SECONDS: Final = 0.2


class OdooCrons:
    """Crons of one machine: the part `cron` of each instance.

    A scheduled action at work has `patience` seconds to end. One that takes longer is cut:
    PostgreSQL takes back what it has not committed, and Odoo runs it again when crons start.
    """

    def __init__(self, parts: Parts, host: OdooHost, *, patience: float) -> None:
        self._parts = parts
        self._host = host
        self._patience = patience

    async def start(self, instance: Instance, image: Image) -> None:
        if instance.limits.max_cron_threads == 0:
            await self._stop(instance)
            return
        part = await self._parts.part(instance, image, CRON)
        await self._parts.run(part, cron_argv(part), silent_conf(part, self._host))

    async def stop(self, instance: Instance, *, say: Say) -> tuple[ScheduledAction, ...]:
        async with AsyncExitStack() as standing:
            left: tuple[ScheduledAction, ...] = ()
            if await self._parts.up(instance, CRON):
                try:
                    fence = await standing.enter_async_context(around(self._host.server, instance))
                    left = await self._last_at_work(fence, say)
                except StepFailed as failure:
                    say(f"Whether a scheduled action is at work cannot be told: {failure}")
            # The fence stands until nobody is left who could begin one.
            await self._stop(instance)
        for action in left:
            say(f"{action} did not end in {self._patience:g} s, and is cut")
        return left

    async def _last_at_work(self, fence: CronFence, say: Say) -> tuple[ScheduledAction, ...]:
        """Wait for the actions at work and tell of each; return those that do not end in time."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._patience
        known: dict[int, ScheduledAction] = {}
        while True:
            present = {action.id: action for action in await fence.at_work()}
            for action in present.values():
                if action.id not in known:
                    say(f"{action} is at work: waiting up to {self._patience:g} s for its end")
            for action in known.values():
                if action.id not in present:
                    say(f"{action} has ended")
            known = present
            if not present or clock() >= deadline:
                return tuple(present.values())
            await asyncio.sleep(_POLL_SECONDS)

    async def _stop(self, instance: Instance) -> None:
        await self._parts.stop(instance, CRON)
