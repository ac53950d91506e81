"""Runs gates as programs, side by side, each with a time limit and its own end."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.gates import GateRun, Order, Report, Tree
from ocore.gates.cache import Cache
from ocore.gates.findings import Gate
from ocore.gates.kinds import GATES
from ocore.gates.profiles import VALIDATED
from ocore.gates.task import Answer, Index, Side, Task
from ocore.kit import shell
from ocore.kit.privileges import OsUser, as_user
from ocore.odoo.providers import OdooTree

T = TypeVar("T")
GATHER_SECONDS: Final = 600.0

Trees = Callable[[str, str, str | None, Say], Awaitable[OdooTree]]
"""Brings the Odoo of a series, a provider and a source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateProcesses:
    """Gates over real checkouts. `linter` brings a Python that has pylint-odoo.

    `user` runs pylint, and `cache` keeps what was found out; workers of a machine may share it.
    `odoo` is None where there is none: then nothing is known of Odoo's own modules.
    """

    cache: Path
    odoo: Trees
    linter: Callable[[Say], Awaitable[Path]]
    now: Callable[[], datetime]
    user: OsUser | None = None
    jobs: int = 2
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """A commit that was never seen keeps all processors busy: more than two wait their turn."""

    async def run(self, order: Order, *, say: Say) -> tuple[GateRun, ...]:
        async with self.turns:
            return await self._run(order, say=say)

    async def _run(self, order: Order, *, say: Say) -> tuple[GateRun, ...]:
        started = self.now()
        try:
            task = await self._task(order, say=say)
            index = await self._ask(task, Index, seconds=GATHER_SECONDS)
        except (StepFailed, shell.CommandFailed) as failure:
            return tuple(self._broken(gate, started, failure) for gate in VALIDATED)
        Cache(self.cache).sweep(self.now())
        task = msgspec.structs.replace(task, index=index)
        return tuple(await asyncio.gather(*(self._gate(gate, task, order) for gate in VALIDATED)))

    async def _task(self, order: Order, *, say: Say) -> Task:
        tree = await self.odoo(order.series, order.provider, order.source, say)
        return Task(
            current=_side(order.tree),
            previous=_side(order.previous) if order.previous else None,
            series=order.series,
            odoo=f"{tree.python_path}/odoo",
            addons=tree.addons_paths,
            installed=order.installed,
            crons=order.crons,
            cache=str(self.cache),
            jobs=self.jobs,
            lint_python=str(await self.linter(say)),
            user=self.user,
        )

    async def _gate(self, gate: Gate, task: Task, order: Order) -> GateRun:
        started, exclude = self.now(), _exclusions(order)
        if gate is Gate.MIGRATION_SAFETY and order.unreadable:
            return self._broken(gate, started, StepFailed(order.unreadable))
        wanted = msgspec.structs.replace(task, gate=gate, exclude=exclude.get(gate, ()))
        try:
            answer = await self._ask(wanted, Answer, seconds=GATES[gate].seconds)
        except shell.CommandFailed as failure:
            return self._broken(gate, started, failure)
        report = Report(summary=answer.summary, findings=answer.findings, card=answer.card)
        return GateRun(gate=gate, started_at=started, completed_at=self.now(), report=report)

    async def _ask(self, task: Task, answer: type[T], *, seconds: float | None) -> T:
        with tempfile.NamedTemporaryFile(prefix="gate-", suffix=".json") as file:
            file.write(msgspec.json.encode(task))
            file.flush()
            program = "program" if task.gate else "gathering"
            command = [sys.executable, "-I", "-m", f"ocore.gates.{program}", file.name]
            env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.cache)}
            printed = await shell.run(as_user(command, None), env=env, cwd="/", seconds=seconds)
        try:
            return msgspec.json.decode(printed, type=answer)
        except msgspec.DecodeError as failure:
            raise shell.CommandFailed(command, 0, f"no answer: {failure}") from failure

    def _broken(self, gate: Gate, started: datetime, failure: Exception) -> GateRun:
        said = failure.output if isinstance(failure, shell.CommandFailed) else str(failure)
        reason = " ".join(said.strip().splitlines()[-3:])[-500:] or str(failure)
        return GateRun(gate=gate, started_at=started, completed_at=self.now(), failure=reason)


def _side(tree: Tree) -> Side:
    return Side(root=tree.path, modules=dict(tree.modules))


def _exclusions(order: Order) -> Mapping[Gate, tuple[str, ...]]:
    options = order.configuration.gates
    return {
        Gate.CODE_STATIC: options.code_static.exclude,
        Gate.CODE_SECRETS: options.code_secrets.exclude,
    }
