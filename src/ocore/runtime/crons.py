"""Scheduled actions in a process of their own."""

from typing import Final

from ocore.artifacts import Image
from ocore.environments import Instance
from ocore.runtime.odoo_process import CRON, OdooHost, cron_argv, silent_conf
from ocore.runtime.parts import Parts

PATIENCE_SECONDS: Final = 20.0


class OdooCrons:
    """Crons of one machine: the part `cron` of each instance.

    A scheduled action at work has `patience` seconds to end. One that takes longer, or that
    starts in the last moment, is cut: PostgreSQL takes back what it has not committed, and Odoo
    runs it again when crons start.
    """

    def __init__(self, parts: Parts, host: OdooHost, *, patience: float = PATIENCE_SECONDS) -> None:
        self._parts = parts
        self._host = host
        self._patience = patience

    async def start(self, instance: Instance, image: Image) -> None:
        if instance.limits.max_cron_threads == 0:
            await self.stop(instance)
            return
        part = await self._parts.part(instance, image, CRON)
        await self._parts.run(part, cron_argv(part), silent_conf(part, self._host))

    async def stop(self, instance: Instance) -> None:
        await self._parts.stop(instance, CRON, patience=self._patience)
