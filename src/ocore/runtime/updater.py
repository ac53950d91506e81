"""The one process that updates modules: never two, and none that nobody waits for."""

import asyncio
import os
import re
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.files import replace_file
from ocore.kit.privileges import OsUser, as_user, under
from ocore.kit.processes import ProcessKey, gone, is_alive, process_key
from ocore.odoo.failures import FailureCard, explain, headline

_DEATH_SECONDS = 20.0
# What Odoo still says about closing its connections after the reason has been told.
_CALM = re.compile(r"\d{4}-\d\d-\d\d \S+ \d+ (INFO|DEBUG) ")


async def run_updater(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    user: OsUser | None,
    record: Path,
    say: Say,
) -> int:
    """Run it to its end and return its exit code; it dies with us.

    While it runs, `record` says which process it is.
    """
    command = as_user(under(str(os.getpid()), argv), user)
    started: list[ProcessKey] = []

    def remember(pid: int) -> None:
        if key := process_key(pid):
            started.append(key)
            replace_file(record, msgspec.json.encode(key).decode())

    try:
        return await shell.stream(command, say, env=env, cwd="/", on_start=remember)
    except shell.CommandFailed as failure:
        raise StepFailed(f"Odoo's updater could not be started: {failure}") from failure
    finally:
        # A worker that was frozen may find another's updater recorded: that one is not ours.
        if _recorded(record) in started:
            record.unlink(missing_ok=True)


async def end_stray_updater(record: Path) -> bool:
    """Kill the updater that a worker left behind; True when there was one.

    The process is known by its start time too, so that whoever has its number now is safe.
    """
    stray = await asyncio.to_thread(_recorded, record)
    if stray is None:
        return False
    was_alive = is_alive(stray)
    if was_alive:
        with suppress(ProcessLookupError):
            os.killpg(stray.pid, signal.SIGKILL)
        if not await gone(stray, seconds=_DEATH_SECONDS):
            raise StepFailed(f"an earlier updater, process {stray.pid}, does not die; kill it")
    record.unlink(missing_ok=True)
    return was_alive


def update_failed(code: int, last_lines: Sequence[str], *, modules_root: str | None) -> StepFailed:
    """Return what to say about an updater that ended with this code, which is not 0."""
    card = explain(last_lines, modules_root=modules_root, exit_code=code)
    return StepFailed(
        _sentence(code, card, last_lines), card=card.as_json() if card else None, exit_code=code
    )


def _sentence(code: int, card: FailureCard | None, last_lines: Sequence[str]) -> str:
    if code < 0:
        killer = signal.Signals(-code).name
        guess = " (out of memory?)" if killer == "SIGKILL" else ""
        return f"Odoo's updater was killed by signal {-code}, {killer}{guess}"
    if card is not None:
        return headline(card)
    telling = (line for line in reversed(last_lines) if line.strip() and not _CALM.match(line))
    return f"Odoo's updater exited with {code}: {next(telling, 'it did not say why')}"


def _recorded(record: Path) -> ProcessKey | None:
    try:
        return msgspec.json.decode(record.read_bytes(), type=ProcessKey)
    except FileNotFoundError:
        return None
