"""What users of a real Odoo notice of deployments, and of updates as Compose does them.

32 connections ask on and on (pages, assets, rows, new rows) while the instance gets commits that
change code only, then commits that update a module; then the same users meet a second instance
that somebody stops, updates and starts. `ratio` is how long users waited for an update against
what it cannot do without: Odoo's updater and a start. p99 in a switch is of all requests that were
under way from the start of the new version until one second after the old one had stopped.

    DISK=xfs make bench NAME=switch        as root: the data on a file system with reflinks
"""

import asyncio
import os
import statistics
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bench.deploy_overhead import COMPANY
from bench.recreate import Service
from ocore.demo.odoo_rpc import OdooUser
from ocore.demo.repository import build_repository
from ocore.deployments.model import Step
from ocore.kit import clock
from tests.disks import mounted
from tests.docker import running_daemon
from tests.git import git
from tests.integration.conftest import new_home
from tests.integration.load import Load, Request, failures, longest, miswritten, percentile, users
from tests.integration.platform import Platform, Site
from tests.integration.repository import migrating, restyled, styled

AIM: Final = (
    "no failed request and every write once; p99 in a switch at most 3 times p99 before;"
    " ratio of at most 1.15"
)
SWITCHES: Final = int(os.environ.get("SWITCHES") or 20)
UPDATES: Final = int(os.environ.get("UPDATES") or 5)
_USERS: Final = 32
_PAUSE_SECONDS: Final = 0.5
_QUIET_SECONDS: Final = 20
_LOANS: Final = 5000
_DISK_BYTES: Final = 12 * 1024**3


def run() -> dict[str, object]:
    disk = os.environ.get("DISK")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as mounts:
        parent = mounts.enter_context(mounted(disk, _DISK_BYTES)) if disk else Path("/tmp")
        home = mounts.enter_context(new_home("switch", parent=parent))
        return {**asyncio.run(_run(home, Path(folder) / "repository")), "disk": disk}


async def _run(home: Path, repository: Path) -> dict[str, object]:
    runtime = os.environ.get("RUNTIME") or "process"
    first = await company(repository)
    async with _platform(home, runtime) as platform:
        deployed = await _Deployed.make(platform, repository, "shop", first)
        async with users(deployed.odoo, _USERS, pause=_PAUSE_SECONDS) as load:
            quiet = await _quiet(load)
            switches = [
                await deployed.next(restyled(repository, n)) for n in range(1, SWITCHES + 1)
            ]
            updates = [await deployed.next(migrating(repository, n)) for n in range(1, UPDATES + 1)]
        writes = await miswritten(load, deployed.odoo)
        peer = await _recreated(await _Deployed.make(platform, repository, "peer", first))
    return {
        "name": "switch",
        "aim": AIM,
        "runtime": runtime,
        "users": _USERS,
        **_of_updates(load, updates),
        "code_only": _of_switches(load, quiet, switches),
        "writes": {"done": len(load.written), **_counts(writes)},
        "connections": load.connections,
        "recreate": peer,
        "cores": os.cpu_count(),
    }


async def company(repository: Path) -> str:
    """Make a repository with the demo's module and one that needs what a small company has."""
    commits = await build_repository(repository)
    git(repository, "reset", "--quiet", "--hard", commits.second)
    (repository / "company").mkdir()
    (repository / "company" / "__init__.py").touch()
    (repository / "company" / "__manifest__.py").write_text(COMPANY)
    return styled(repository)


@asynccontextmanager
async def _platform(home: Path, runtime: str) -> AsyncIterator[Platform]:
    if runtime == "docker":
        async with running_daemon() as daemon:
            chosen = {"OCORE_RUNTIME": runtime, "OCORE_DOCKER_HOST": daemon.engine.url}
            async with _up(Platform(home, environment=chosen)) as platform:
                yield platform
    else:
        async with _up(Platform(home)) as platform:
            yield platform


@asynccontextmanager
async def _up(platform: Platform) -> AsyncIterator[Platform]:
    await platform.up()
    try:
        yield platform
    finally:
        platform.down()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Deployed:
    """An instance with some rows, and the image of its first deployment."""

    site: Site
    odoo: OdooUser
    image: str

    @classmethod
    async def make(cls, platform: Platform, repository: Path, name: str, sha: str) -> "_Deployed":
        site = await Site.make(platform, repository, name)
        first = await site.deploy(commitSha=sha)
        assert first["status"] == "succeeded", await site.log(first)
        odoo = await site.odoo()
        book = (await odoo.call("library.book", "search", [], limit=1))[0]
        loans = [{"book_id": book, "borrower": f"reader {number}"} for number in range(_LOANS)]
        await odoo.call("library.loan", "create", loans)
        return cls(site=site, odoo=odoo, image=first["imageTag"])

    async def next(self, sha: str) -> dict[str, Any]:
        ended = await self.site.deploy(commitSha=sha)
        assert ended["status"] == "succeeded", await self.site.log(ended)
        # What a switch did to those who ask a moment later counts as well.
        await asyncio.sleep(1)
        return ended


async def _quiet(load: Load) -> list[Request]:
    """Return the requests of a while in which nothing is deployed."""
    began = clock.now()
    await asyncio.sleep(_QUIET_SECONDS)
    return load.within(began, clock.now())


async def _recreated(peer: _Deployed) -> dict[str, object]:
    service = await Service.of(peer.site, peer.image)
    async with users(peer.odoo, _USERS, pause=_PAUSE_SECONDS) as load:
        await _quiet(load)
        away = []
        for _ in range(UPDATES):
            away.append(await service.recreate(("library_loans",)))
            await asyncio.sleep(3)
    return {
        "rounds": UPDATES,
        "downtime_s": round(statistics.median(away), 2),
        **outcome(load.requests),
        "writes": {"done": len(load.written), **_counts(await miswritten(load, peer.odoo))},
    }


def _of_switches(
    load: Load, quiet: Sequence[Request], switches: Sequence[Mapping[str, Any]]
) -> dict[str, object]:
    whole = [
        each for ended in switches for each in requests_during(load, ended, Step.FETCH, Step.VERIFY)
    ]
    switch = [
        each for ended in switches for each in requests_during(load, ended, Step.START, Step.SWITCH)
    ]
    before, during = percentile(quiet, 0.99), percentile(switch, 0.99)
    return {
        "deployments": len(switches),
        **outcome(whole),
        "p99_before_ms": round(before * 1000),
        "p99_switch_ms": round(during * 1000),
        "p99_deployment_ms": round(percentile(whole, 0.99) * 1000),
        "p99_ratio": round(during / before, 2),
    }


def _of_updates(load: Load, updates: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    whole = [requests_during(load, ended, Step.FETCH, Step.VERIFY) for ended in updates]
    parts = {
        "snapshot_s": _seconds(updates, Step.SNAPSHOT),
        "update_s": _seconds(updates, Step.UPDATE),
        "boot_s": _seconds(updates, Step.START, Step.HEALTH),
    }
    window = statistics.median(longest(requests) for requests in whole)
    return {
        "ratio": round(window / (parts["update_s"] + parts["boot_s"]), 3),
        "updates": {
            "deployments": len(updates),
            **outcome([each for requests in whole for each in requests]),
            "window_s": round(window, 2),
            **{name: round(seconds, 2) for name, seconds in parts.items()},
        },
    }


def requests_during(load: Load, ended: Mapping[str, Any], first: Step, last: Step) -> list[Request]:
    """Return the requests under way from one step of a deployment to a second after another."""
    steps = {step["name"]: step for step in ended["steps"]}
    begin, end = (
        datetime.fromisoformat(moment)
        for moment in (steps[first]["startedAt"], steps[last]["completedAt"])
    )
    return load.within(begin, end + timedelta(seconds=1))


def _seconds(updates: Sequence[Mapping[str, Any]], *names: Step) -> float:
    """Return the median of what these steps took together."""
    return statistics.median(
        sum(step["durationMs"] for step in ended["steps"] if step["name"] in names) / 1000
        for ended in updates
    )


def outcome(requests: Sequence[Request]) -> dict[str, object]:
    found = failures(requests)
    return {
        "requests": len(requests),
        "failed": found.total(),
        "failures": dict(found),
        "longest_wait_s": round(longest(requests), 2),
    }


def _counts(found: Mapping[str, int]) -> dict[str, int]:
    lost = sum(times == 0 for times in found.values())
    return {"lost": lost, "doubled": len(found) - lost}
