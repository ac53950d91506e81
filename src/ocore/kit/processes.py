"""Which process is which: a process id alone is given to someone else after its owner's end."""

import asyncio
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessKey:
    """One process, told apart from every other since the machine started.

    `started` is field 22 of /proc/<pid>/stat (proc(5)): clock ticks after boot.
    """

    pid: int
    started: int


def process_key(pid: int) -> ProcessKey | None:
    """Return who has this process id now; None when nobody has, or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in parentheses is the program's choice and may hold blanks and parentheses.
    state, *fields = stat.rpartition(")")[2].split()
    if state in "ZX":
        return None
    return ProcessKey(pid=pid, started=int(fields[18]))


def command_line(pid: int) -> str:
    """Return what this process id runs, as one NUL-separated text; empty when it is no more."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(process: ProcessKey) -> bool:
    """Say whether exactly this process still runs."""
    return process_key(process.pid) == process


async def gone(process: ProcessKey, *, seconds: float) -> bool:
    """Wait until this process runs no more; False when it still does after so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            while is_alive(process):  # noqa: ASYNC110 - not our child, so nobody tells us
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True
