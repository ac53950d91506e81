"""Runtime: where Odoo runs."""

from dataclasses import dataclass
from typing import Protocol

from ocore.artifacts import Colour, Endpoint, Image, Say
from ocore.environments import Instance


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleChange:
    """What one run of the updater installs (`-i`) and updates (`-u`), each sorted.

    With `test_tags` (`--test-tags`) it runs these tests as well, and fails when one of them does.
    It is ended, and has failed, when it takes more than `seconds` (None: it may take any time).
    """

    install: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    test_tags: tuple[str, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One question a health check asked, and what came back (`answer` is for people).

    `answered` is False when nothing came back at all.
    """

    name: str
    passed: bool
    answer: str
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledAction:
    """A scheduled action (`ir.cron`) at work, and for how long it has been."""

    id: int
    name: str
    seconds: float

    def __str__(self) -> str:
        return f"Scheduled action “{self.name}”, at work for {self.seconds:.0f} s,"


class Runtime(Protocol):
    """Starts, updates and stops Odoo. Every call may be repeated.

    The two colours never run crons themselves: see `Crons`.
    """

    async def update(
        self, instance: Instance, image: Image, change: ModuleChange, *, say: Say
    ) -> None:
        """Run Odoo's updater to its end; an updater that an earlier try left behind dies first.

        StepFailed on any exit code but 0. Exit code 0 proves nothing about the modules.
        """
        ...

    async def neutralize(self, instance: Instance, image: Image, *, say: Say) -> None:
        """Run Odoo's own neutralization on a copy: no mail, no scheduled action, no call out.

        StepFailed when it did not end well; the database is then as dangerous as it was.
        """
        ...

    async def start(self, instance: Instance, image: Image, colour: Colour) -> Endpoint:
        """Let this colour run this image; it need not answer yet. StepFailed: it cannot run."""
        ...

    async def stop(self, instance: Instance, colour: Colour) -> None:
        """Stop this colour; nothing happens when it does not run."""
        ...

    async def drain(self, instance: Instance) -> None:
        """Stop both colours, side by side, each once it has ended what it began.

        What takes too long is cut: PostgreSQL takes back what it has not committed.
        """
        ...

    async def halt(self, instance: Instance) -> None:
        """Stop all there is of this instance: both colours, crons, and a stray updater."""
        ...


class Crons(Protocol):
    """Runs scheduled actions in a process of their own, so in one version at any time."""

    async def start(self, instance: Instance, image: Image) -> None:
        """Run scheduled actions with this image, and with no other."""
        ...

    async def stop(self, instance: Instance, *, say: Say) -> tuple[ScheduledAction, ...]:
        """Let no scheduled action begin, wait for those at work, and return those that were cut.

        `say` hears which are waited for, and for how long they have been at work.
        """
        ...


class Watch(Protocol):
    """Looks at a running colour without changing it."""

    async def probe(self, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
        """Ask once: health, the login page with its token, an asset, websocket, smoke paths.

        It must be this instance's database that answers: another Odoo may have taken the port.
        A redirect is a failure. What comes after the first failed probe is not asked.
        """
        ...

    async def log_tail(self, instance: Instance, colour: Colour, lines: int) -> tuple[str, ...]:
        """Return the last lines this colour wrote, oldest first; empty when it never ran."""
        ...
