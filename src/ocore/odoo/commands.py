"""Command lines of Odoo's processes, as lists. The facts behind each flag are Odoo 19's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_YIELDING: Final = ("nice", "-n", "10")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What runs Odoo: a Python, Odoo's entry script, and the configuration of the colour."""

    python: str
    executable: str
    conf: str

    @property
    def argv(self) -> list[str]:
        return [self.python, self.executable, "--config", self.conf]


def server_command(program: Program) -> list[str]:
    """Return what serves requests and runs no scheduled action."""
    return [*program.argv, "--max-cron-threads=0"]


def cron_command(program: Program, *, threads: int) -> list[str]:
    """Return what runs scheduled actions and serves nothing.

    Threads of one process: the death signal reaches only the leader, and a prefork cron worker
    that lost its master sleeps on for a minute and then runs one more round
    (`WorkerCron.process_work`): then two versions would run actions. That a scheduled action may
    end before a stop is the business of `runtime.sessions`.

    Nobody waits for it: it gets what users leave of the processor, for its start as well, which
    follows right after a switch.
    """
    return [*_YIELDING, *program.argv, "--no-http", "--workers=0", f"--max-cron-threads={threads}"]


def neutralize_command(program: Program) -> list[str]:
    """Return what makes the configured database harmless, by the rules of its modules."""
    return [program.python, program.executable, "neutralize", "--config", program.conf]


def update_command(
    program: Program,
    *,
    install: Sequence[str] = (),
    update: Sequence[str] = (),
    test_tags: Sequence[str] = (),
) -> list[str]:
    """Return what installs and updates modules in the configured database, and ends.

    `install` must name no installed module: before 19.0 that would load its data anew.
    Prefork mode binds its port even when it only updates, and cron workers would start beside
    the update, so all of it is switched off.
    """
    modules = [
        *(["--init", ",".join(install)] if install else []),
        *(["--update", ",".join(update)] if update else []),
        *(["--test-tags", ",".join(test_tags)] if test_tags else []),
    ]
    quiet = ["--stop-after-init", "--no-http", "--workers=0", "--max-cron-threads=0"]
    return [*program.argv, *modules, *quiet]
