"""The supervised Odoo processes: replaced when they must differ, stopped when they are at rest."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ocore.artifacts import Image, Say
from ocore.embedded.supervisor import Supervisor
from ocore.environments import Instance
from ocore.images.release import load_release
from ocore.kit.files import replace_file
from ocore.runtime.odoo_process import (
    OdooHost,
    Part,
    folder_of,
    program,
    program_name,
    updater_environment,
)
from ocore.runtime.ports import LOOPBACK
from ocore.runtime.sessions import Sessions
from ocore.runtime.updater import end_stray_updater, run_updater


class OdooPrograms:
    """Runs and stops parts of instances. Calls may be repeated."""

    def __init__(self, supervisor: Supervisor, host: OdooHost) -> None:
        self._supervisor = supervisor
        self._host = host
        self._sessions = Sessions(host.server)

    async def part(self, instance: Instance, image: Image, name: str) -> Part:
        """Return the part with its image, its folders made; StepFailed when the image is gone."""
        folder = folder_of(self._host, instance)
        await asyncio.to_thread(folder.make, self._host.user)
        release = await asyncio.to_thread(load_release, self._host.home.releases, image.tag)
        return Part(name=name, instance=instance, release=release, folder=folder)

    async def run(self, part: Part, argv: Sequence[str], conf: str) -> str:
        """Let this part run with this odoo.conf; nothing happens when it already does.

        The log of a replaced one is put aside, so that what is in the log is of this image.
        """
        wanted = program(part, argv, conf=conf, user=self._host.user)
        if not await self._supervisor.asked_for(wanted):
            await self._supervisor.remove(wanted.name)
            await asyncio.to_thread(_put_aside, wanted.log)
        await self._write_conf(part, conf)
        await self._supervisor.ensure(wanted)
        return LOOPBACK

    async def up(self, instance: Instance, name: str) -> bool:
        """Say whether this part has a process now."""
        state = await self._supervisor.state(program_name(instance, name))
        return state is not None and state.pid is not None

    async def stop(self, instance: Instance, name: str) -> None:
        await self._supervisor.remove(program_name(instance, name))
        await self._sessions.end(instance, name)

    async def terminate(self, instance: Instance, name: str) -> None:
        await self._supervisor.terminate(program_name(instance, name))

    async def update(self, part: Part, argv: Sequence[str], conf: str, *, say: Say) -> int:
        """Run the updater to its end; it dies with us."""
        await self._write_conf(part, conf)
        return await run_updater(
            argv,
            env=updater_environment(part),
            user=self._host.user,
            record=part.folder.updater,
            say=say,
        )

    async def end_updater(self, instance: Instance) -> bool:
        return await end_stray_updater(folder_of(self._host, instance).updater)

    async def _write_conf(self, part: Part, conf: str) -> None:
        """Put odoo.conf where only Odoo can read it."""
        file = part.folder.conf(part.name)
        await asyncio.to_thread(replace_file, file, conf, owner=self._host.user)


def _put_aside(log: Path) -> None:
    for rotated in log.parent.glob(f"{log.name}.*"):
        rotated.unlink()
    with suppress(FileNotFoundError):
        log.replace(log.with_suffix(".previous.log"))
