"""Runs the gates over commits of a repository, in this process."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from ocore.environments import Project
from ocore.gates.findings import Finding, Gate
from ocore.gates.gathering import Gatherer
from ocore.gates.program import RUNS
from ocore.gates.task import Answer, Side, Task
from ocore.odoo.providers import OdooTree
from ocore.source import Checkout, Ref
from ocore.source.git import GitSource
from tests.deployments.world import PROJECT


@dataclass(frozen=True)
class Checker:
    """Checkouts of one repository beside a real Odoo; what was read once is remembered."""

    source: GitSource
    project: Project
    odoo: OdooTree
    cache: Path
    linter: Path | None = None

    @classmethod
    async def over(
        cls, repository: Path, odoo: OdooTree, folder: Path, linter: Path | None = None
    ) -> "Checker":
        source = GitSource(folder / "mirrors", folder / "checkouts")
        address = replace(PROJECT.repository, url=str(repository))
        project = replace(PROJECT, repository=address)
        await source.fetch(project, Ref(branch="main"), sha=None, say=print)
        return cls(source, project, odoo, folder / "cache", linter)

    async def check(self, gate: Gate, sha: str, *, live: str | None = None) -> Answer:
        """Return what a gate says of a commit that is to follow another."""
        task = self.task(
            await self.source.checkout(self.project, sha),
            await self.source.checkout(self.project, live) if live else None,
        )
        # The program runs its own event loop, and so cannot run inside of ours.
        return await _in_a_thread(task, gate)

    def task(self, checkout: Checkout, live: Checkout | None) -> Task:
        return Task(
            current=side(checkout),
            previous=side(live) if live else None,
            series="19.0",
            odoo=f"{self.odoo.python_path}/odoo",
            addons=self.odoo.addons_paths,
            cache=str(self.cache),
            jobs=2,
            lint_python=str(self.linter) if self.linter else None,
        )


def side(checkout: Checkout) -> Side:
    return Side(root=checkout.path, modules={each.name: each.path for each in checkout.addons})


def places(findings: tuple[Finding, ...]) -> list[tuple[str, str | None, int | None]]:
    return [(each.cls, each.metadata.get("file"), each.metadata.get("line")) for each in findings]


async def _in_a_thread(task: Task, gate: Gate) -> Answer:
    def run() -> Answer:
        index = Gatherer(task).gather()
        return RUNS[gate](msgspec.structs.replace(task, gate=gate, index=index))

    return await asyncio.to_thread(run)
