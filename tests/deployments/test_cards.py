"""A failure of any step is explained in the evidence that people see."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ocore.artifacts import Commit, Image, Say
from ocore.deployments.runner import run_deployment
from ocore.deployments.toolbox import Toolbox
from ocore.deployments.view import deployment_view
from ocore.environments import Project, Repository
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.source import Checkout, Ref
from ocore.source.git import GitSource
from tests.deployments.world import (
    LOANS,
    NOW,
    PROJECT,
    World,
    WorldImages,
    WorldLedger,
    WorldSource,
    deployment,
    toolbox,
)


@dataclass
class RealSource(WorldSource):
    """Fetches with git itself, from a host that there is not."""

    git: GitSource

    async def fetch(self, _project: Project, ref: Ref, *, sha: str | None, say: Say) -> Commit:
        there = replace(PROJECT, repository=Repository(url="https://git.invalid/library.git"))
        return await self.git.fetch(there, ref, sha=sha, say=say)


@dataclass
class Commits(WorldSource):
    """A source of one checkout."""

    found: Checkout

    async def checkout(self, _project: Project, _sha: str) -> Checkout:
        return self.found


@dataclass
class Installer(WorldImages):
    """Images whose installer says what a real one said."""

    async def build(self, _order: BuildOrder, *, say: Say) -> Image:
        say("  cause: Because nowhere was not found in the package registry and you require it")
        raise StepFailed("Python requirements cannot be installed", exit_code=1)


@dataclass
class Closed(WorldImages):
    """Images whose registry says what a real one says to a wrong password."""

    async def push(self, _image: Image, *, say: Say) -> str:
        say("The push refers to repository [r.example/library]")
        raise StepFailed("r.example did not take it: unauthorized: authentication required")


def closed_registry(tools: Toolbox, world: World, _folder: Path) -> Toolbox:
    world.registry = "r.example"
    return replace(tools, images=Closed(world))


def unknown_host(tools: Toolbox, world: World, folder: Path) -> Toolbox:
    git = GitSource(folder / "mirrors", folder / "checkouts")
    return replace(tools, source=RealSource(world, git))


def no_such_package(tools: Toolbox, world: World, _folder: Path) -> Toolbox:
    return replace(tools, images=Installer(world))


def no_image(tools: Toolbox, world: World, _folder: Path) -> Toolbox:
    world.breaks = frozenset({"build"})
    return tools


def refused_requirement(tools: Toolbox, world: World, _folder: Path) -> Toolbox:
    found = Checkout(path="/checkout", addons=(LOANS,), requirements="lxml\n-e .\n")
    return replace(tools, source=Commits(world, found))


def missing_dependency(tools: Toolbox, world: World, _folder: Path) -> Toolbox:
    addon = replace(LOANS, depends=("shelves",))
    return replace(tools, source=Commits(world, Checkout(path="/checkout", addons=(addon,))))


@pytest.mark.parametrize(
    ("breaking", "gate", "title", "file"),
    [
        (unknown_host, "source.integrity", "The git server's name is not known", None),
        (
            refused_requirement,
            "modules.installable",
            "A requirement is refused",
            "requirements.txt",
        ),
        (
            missing_dependency,
            "modules.installable",
            "A dependency is missing",
            "loans/__manifest__.py",
        ),
        (no_such_package, "build.image", "A requirement does not exist", "requirements.txt"),
        (no_image, "build.image", "The image could not be built", None),
        (closed_registry, "build.image", "The registry wants other credentials", None),
    ],
)
async def test_a_failure_before_the_cutover_has_its_card_in_the_evidence(
    breaking: Callable[[Toolbox, World, Path], Toolbox],
    gate: str,
    title: str,
    file: str | None,
    tmp_path: Path,
) -> None:
    world, ledger = World(), WorldLedger(deployment())
    tools = breaking(toolbox(world), world, tmp_path)
    await run_deployment(await ledger.claim("w1"), ledger, tools)
    evidence = deployment_view(ledger.deployment, updated_at=NOW)["evidence"]
    assert isinstance(evidence, list)
    failed = evidence[-1]
    assert (failed["gateKey"], failed["status"]) == (gate, "failed")
    card = failed["validation"]["failureCard"]
    assert card["title"] == title
    assert card["where"]["file"] == file
    assert card["suggestedFix"]
