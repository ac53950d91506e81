"""Run external programs: argument lists only, and no exit code is ever lost."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ocore.kit.processes import ProcessKey, process_key

_LINE_LIMIT = 1 << 20
_GRACE_SECONDS = 5.0


class CommandFailed(Exception):
    """A program ended with a non-zero exit code, or could not be started (code 127)."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv, self.code, self.output = tuple(argv), code, output
        super().__init__(f"{Path(argv[0]).name} exited with {code}: {output.strip()[-800:]}")


class CommandTimedOut(CommandFailed):
    """A program did not end in time and was stopped."""


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    seconds: float | None = None,
) -> str:
    """Return what the program printed on standard output, or raise CommandFailed.

    `env` replaces the environment when given. The program and its children die with the call.
    """
    process = await _start(argv, env=env, cwd=cwd, stderr=asyncio.subprocess.PIPE)
    try:
        async with asyncio.timeout(seconds):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        raise CommandTimedOut(argv, -1, f"no end after {seconds} s") from None
    finally:
        await _end(process)
    if process.returncode:
        raise CommandFailed(argv, process.returncode, stderr.decode(errors="replace"))
    return stdout.decode(errors="replace")


async def stream(
    argv: Sequence[str],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    on_start: Callable[[int], None] | None = None,
) -> int:
    """Hand over each line of output (both streams) as it comes, and return the exit code.

    A negative code is the signal that ended the program. Lines over 1 MiB come in pieces.
    `on_start` is told the process id, which is also its process group.
    """
    process = await _start(argv, env=env, cwd=cwd, stderr=asyncio.subprocess.STDOUT)
    if on_start is not None:
        on_start(process.pid)
    assert process.stdout is not None  # noqa: S101 - asked for with PIPE just above
    try:
        while line := await _read_line(process.stdout):
            on_line(line.decode(errors="replace").rstrip("\r\n"))
        return await process.wait()
    finally:
        await _end(process)


def start_detached(argv: Sequence[str], *, log: Path, env: Mapping[str, str]) -> ProcessKey:
    """Start a program that outlives us, with its output added to `log`, and return which it is."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(env),
            start_new_session=True,
        )
    started = process_key(process.pid)
    if started is None:
        raise CommandFailed(argv, process.wait(), f"ended at once; see {log}")
    return started


async def _start(
    argv: Sequence[str], *, env: Mapping[str, str] | None, cwd: str | None, stderr: int
) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            env=env,
            cwd=cwd,
            limit=_LINE_LIMIT,
            start_new_session=True,
        )
    except OSError as failure:
        raise CommandFailed(argv, 127, str(failure)) from failure


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as overrun:
        return await reader.readexactly(overrun.consumed or _LINE_LIMIT)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
