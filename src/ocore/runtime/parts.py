"""Keeping the parts of instances running, whoever does it: a supervisor, Docker, or Swarm."""

from collections.abc import Sequence
from typing import Protocol

from ocore.artifacts import Image, Say
from ocore.environments import Instance
from ocore.runtime.odoo_process import Part


class Parts(Protocol):
    """Runs and stops Odoo's processes: the two colours, the crons, the updater.

    Calls may be repeated. `argv` and `conf` are what `odoo_process` makes of the part.
    """

    async def part(self, instance: Instance, image: Image, name: str) -> Part:
        """Return the part with its image, its folders made; StepFailed when the image is gone."""
        ...

    async def run(self, part: Part, argv: Sequence[str], conf: str) -> str:
        """Let this part run with this odoo.conf, and return the address of where it runs.

        Nothing happens when it already does.
        """
        ...

    async def up(self, instance: Instance, name: str) -> bool:
        """Say whether this part has a process now."""
        ...

    async def stop(self, instance: Instance, name: str) -> None:
        """Stop this part now. A threaded Odoo gives what it works on one second after SIGTERM."""
        ...

    async def terminate(self, instance: Instance, name: str) -> None:
        """Send SIGTERM to this part, where that can be done, and do not wait for its end."""
        ...

    async def update(self, part: Part, argv: Sequence[str], conf: str, *, say: Say) -> int:
        """Run the updater to its end and return its exit code, or less than 0: its signal."""
        ...

    async def end_updater(self, instance: Instance) -> bool:
        """Kill the updater that a worker left behind; True when there was one."""
        ...
