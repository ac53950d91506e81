"""The supervisor: keeps the platform's processes running, as files on disk say.

The desired state is the folder `programs.d`. A supervisord that is killed takes its programs with
it (`kit.privileges.as_user`); one started again with the same folder brings all of them back.

What happens after a crash: a program that had been up for `start_seconds` is started again at
once; one that dies earlier is tried again after 1, 2, 3, ... s (state BACKOFF), and after
`start_retries` tries the supervisor gives up (FATAL) until `ensure` is called or it starts anew.
"""

import asyncio
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import Final
from xmlrpc.client import Fault

from supervisor.xmlrpc import Faults

from ocore.embedded.programs import (
    IDENTITY_OF_ROOT,
    SUPERVISOR_PID,
    Program,
    log_folder,
    program_conf,
    supervisord_conf,
)
from ocore.embedded.states import ProgramState, State, state_from
from ocore.embedded.supervisor_rpc import SupervisorAbsent, SupervisorRpc
from ocore.errors import StepFailed, Stopping
from ocore.kit.files import replace_file
from ocore.kit.locks import exclusive
from ocore.kit.processes import command_line, gone, process_key

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_POLL_SECONDS: Final = 0.05
# Longer than any program may take to stop; supervisord kills it before.
_STOP_SECONDS: Final = 300.0
# Supervisord closes that many descriptors one by one in each child, so more is not better.
_DESCRIPTORS: Final = 8192
_NO_WAIT: Final = False


def supervisord_command(run_dir: Path) -> list[str]:
    """Return the command that runs the supervisor in the foreground, after `Supervisor.prepare`.

    It starts with a clean environment, since every program inherits what it has, and keeps the
    process id of the shell that says it to the programs.
    """
    clean = f'exec env -i PATH={_PATH} LANG=C.UTF-8 {SUPERVISOR_PID}=$$ "$@"'
    conf = str(run_dir / "supervisord.conf")
    python = [sys.executable, "-m", "supervisor.supervisord", "--configuration", conf]
    return ["sh", "-c", clean, "sh", *python]


class Supervisor:
    """Changes what runs. Calls may be repeated, and come from several processes at once.

    Changes of one program exclude each other by a lock file; those of different programs do not
    wait for each other. StepFailed when supervisord does not do what it was asked.
    """

    def __init__(self, run_dir: Path) -> None:
        self._run = run_dir
        self._programs = run_dir / "programs.d"
        self._rpc = SupervisorRpc(run_dir / "supervisor.sock")

    async def prepare(self) -> None:
        """Write what supervisord needs before it starts. Programs that are there stay."""
        await asyncio.to_thread(self._prepare)

    async def ensure(self, program: Program) -> None:
        """Let exactly this program run; one of the same name that differs is replaced.

        The program is written down first: what is asked for while no supervisor answers comes up
        with it.
        """
        conf = program_conf(program)
        async with exclusive(self._lock(program.name)):
            await asyncio.to_thread(self._write, program, conf)
            added, changed = await self._reread()
            if program.name in changed:
                await self._drop(program.name)
            if program.name in added | changed:
                await self._rpc.call("addProcessGroup", program.name)
            await self._start(program.name)

    async def asked_for(self, program: Program) -> bool:
        """Say whether exactly this program is written down, so that `ensure` will not replace."""
        try:
            text = (self._programs / f"{program.name}.conf").read_text()
        except FileNotFoundError:
            return False
        return text == program_conf(program)

    async def terminate(self, name: str) -> None:
        """Send SIGTERM to the program, which goes on as it likes; to one that runs."""
        known = (Faults.NOT_RUNNING, Faults.BAD_NAME)
        with suppress(SupervisorAbsent):
            await self._rpc.call("signalProcess", name, "TERM", expected=known)

    async def remove(self, name: str) -> None:
        """Stop the program and forget it; nothing happens when it is not there.

        Without a supervisor nothing runs, so that forgetting is all there is to do.
        """
        async with exclusive(self._lock(name)):
            with suppress(SupervisorAbsent):
                await self._drop(name)
            (self._programs / f"{name}.conf").unlink(missing_ok=True)

    async def state(self, name: str) -> ProgramState | None:
        """Return what the program does; None when the supervisor does not know it."""
        found = await self._rpc.call("getProcessInfo", name, expected=(Faults.BAD_NAME,))
        if isinstance(found, Fault):
            return None
        return state_from(found)

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names of the programs that ought to run, sorted."""
        files = self._programs.glob("*.conf")
        return tuple(sorted(file.stem for file in files if file.stem.startswith(prefix)))

    async def reachable(self) -> bool:
        """Say whether a supervisor answers, and is not about to end."""
        try:
            await self._rpc.call("getPID")
        except (StepFailed, Stopping):
            return False
        return True

    async def let_end(self, *, seconds: float) -> None:
        """Wait until a supervisor that is about to end has ended; StepFailed when it does not."""
        try:
            async with asyncio.timeout(seconds):
                while await self._ending():  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StepFailed(
                f"the platform before this one does not end; see supervisord.log in {self._run}"
            ) from None

    async def _ending(self) -> bool:
        try:
            await self._rpc.call("getPID")
        except SupervisorAbsent:
            return False
        except (StepFailed, Stopping):
            # In its last moments it accepts a connection and never answers.
            return True
        return False

    async def shutdown(self) -> None:
        """Stop all programs and the supervisor; what ought to run stays written down.

        Those of one priority stop side by side, highest first: supervisord itself stops one after
        the other, which takes a second for each Odoo.
        """
        if not await self.reachable():
            return
        leader = process_key(await self._rpc.call("getPID"))
        await self._settle("getAllProcessInfo")
        for names in await self._by_priority():
            await self._rest(names)
        await self._rpc.call("shutdown")
        if leader is not None and not await gone(leader, seconds=_STOP_SECONDS):
            raise StepFailed(f"supervisord ({leader.pid}) did not end in {_STOP_SECONDS:.0f} s")

    async def _by_priority(self) -> list[set[str]]:
        batches: defaultdict[int, set[str]] = defaultdict(set)
        for program in await self._rpc.call("getAllConfigInfo"):
            batches[program["group_prio"]].add(program["name"])
        return [batches[priority] for priority in sorted(batches, reverse=True)]

    async def _rest(self, names: Collection[str]) -> None:
        """Stop these and wait; whoever does not end in time is killed with the supervisor."""
        for name in names:
            known = (Faults.NOT_RUNNING, Faults.BAD_NAME)
            await self._rpc.call("stopProcess", name, _NO_WAIT, expected=known)
        with suppress(TimeoutError):
            async with asyncio.timeout(_STOP_SECONDS):
                while await self._alive(names):  # noqa: ASYNC110 - as below
                    await asyncio.sleep(_POLL_SECONDS)

    async def _alive(self, names: Collection[str]) -> bool:
        processes = await self._rpc.call("getAllProcessInfo")
        return any(each["pid"] for each in processes if each["name"] in names)

    async def _start(self, name: str) -> None:
        # A stop that nobody waited for may still go on, and STOPPING cannot be started.
        while await self._stopping(name):  # noqa: ASYNC110 - supervisord tells nobody
            await asyncio.sleep(_POLL_SECONDS)
        await self._rpc.call("startProcess", name, _NO_WAIT, expected=(Faults.ALREADY_STARTED,))

    async def _stopping(self, name: str) -> bool:
        found = await self.state(name)
        return found is not None and found.state is State.STOPPING

    async def _drop(self, name: str) -> None:
        await self._settle("getProcessInfo", name)
        known = (Faults.NOT_RUNNING, Faults.BAD_NAME)
        await self._rpc.call("stopProcess", name, _NO_WAIT, expected=known)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                while not await self._forgotten(name):  # noqa: ASYNC110 - as above
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise StepFailed(f"{name} did not stop in {_STOP_SECONDS:.0f} s") from None

    async def _settle(self, question: str, *names: str) -> None:
        """Wait until no program just started is still a fork of supervisord.

        The fork has supervisord's signal handlers, which would swallow the stop signal.
        """
        own = command_line(await self._rpc.call("getPID"))
        while await self._forks(own, question, *names):  # noqa: ASYNC110 - as above
            await asyncio.sleep(_POLL_SECONDS)

    async def _forks(self, own: str, question: str, *names: str) -> bool:
        answer = await self._rpc.call(question, *names, expected=(Faults.BAD_NAME,))
        found = answer if isinstance(answer, list) else [answer]
        return any(isinstance(one, dict) and command_line(one["pid"]) == own for one in found)

    async def _forgotten(self, name: str) -> bool:
        known = (Faults.STILL_RUNNING, Faults.BAD_NAME)
        answer = await self._rpc.call("removeProcessGroup", name, expected=known)
        return not (isinstance(answer, Fault) and answer.faultCode == Faults.STILL_RUNNING)

    async def _reread(self) -> tuple[set[str], set[str]]:
        for _ in range(5):
            answer = await self._rpc.call("reloadConfig", expected=(Faults.CANT_REREAD,))
            if not isinstance(answer, Fault):
                added, changed, _removed = answer[0]
                return set(added), set(changed)
            # Another caller may have removed a file between supervisord's glob and its read.
            await asyncio.sleep(_POLL_SECONDS)
        raise StepFailed(f"supervisord cannot read {self._programs}: {answer.faultString}")

    def _lock(self, name: str) -> Path:
        return self._run / "locks" / f"{name}.lock"

    def _prepare(self) -> None:
        for folder in (self._run, self._programs):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for file in self._programs.glob("*.conf"):
            if logs := log_folder(file.read_text()):
                logs.mkdir(parents=True, exist_ok=True)
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        conf = supervisord_conf(
            self._run,
            identity=IDENTITY_OF_ROOT if os.geteuid() == 0 else {},
            descriptors=_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard),
        )
        replace_file(self._run / "supervisord.conf", conf)

    def _write(self, program: Program, conf: str) -> None:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        self._programs.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(self._programs / f"{program.name}.conf", conf)
