"""Gates: checks of a commit that need no running Odoo. Nothing they read is ever run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from ocore.artifacts import Say
from ocore.gates.configuration import Configuration
from ocore.gates.findings import Finding, Gate, GateAction
from ocore.odoo.crons import Cron


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of one commit, and the modules in question: their paths in it, by name."""

    path: str
    modules: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to check. `previous` is what is live now, if anything is.

    When that cannot be read any more, it is None and `unreadable` says why.

    `series`, `provider` and `source` name the Odoo that the modules are to run in. `installed` are
    the modules that the database has: what one of them declares is there, depended on or not.
    `crons` are its active scheduled actions.
    """

    tree: Tree
    previous: Tree | None
    series: str
    provider: str
    source: str | None
    installed: tuple[str, ...] = ()
    crons: tuple[Cron, ...] = ()
    unreadable: str | None = None
    configuration: Configuration = field(default_factory=Configuration)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a gate saw. `card` explains the first thing that blocks; see ocore.odoo.failures."""

    summary: str
    findings: tuple[Finding, ...] = ()
    card: Mapping[str, Any] | None = None

    @property
    def blocks(self) -> bool:
        return any(each.action is GateAction.BLOCK for each in self.findings)

    @property
    def warns(self) -> bool:
        return any(each.action is GateAction.WARN for each in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """One run of a gate: its report, or why there is none."""

    gate: Gate
    started_at: datetime
    completed_at: datetime
    report: Report | None = None
    failure: str | None = None


class Gates(Protocol):
    """Checks commits."""

    async def run(self, order: Order, *, say: Say) -> tuple[GateRun, ...]:
        """Run every gate of profiles.VALIDATED, side by side, and return what became of each.

        A gate that fails to run has a failure and no report; it never raises.
        """
        ...
