"""A whole deployment of an update on real Odoo, against the same update by hand on a copy.

By hand is `odoo -u library_loans --stop-after-init` with the same release, then a start until
/web/login answers 200: nothing fetched, checked, held, snapshotted or switched. The comparable
moment of a deployment is its switch; `ratio` counts the watch over the log after it as well. The
instance has what a small company installs: a database with nothing but `base` is nobody's.
"""

import asyncio
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.by_hand import Operator, Timing
from ocore.demo.repository import build_repository
from ocore.deployments.model import Step
from ocore.kit import clock
from tests.git import commit, git
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site

AIM: Final = "ratio of at most 1.3"
_MODULES: Final = ("library_loans",)
COMPANY: Final = """\
{
    "name": "A small company",
    "version": "19.0.1.0.0",
    "depends": ["sale_management", "purchase", "stock", "crm", "project", "hr"],
    "license": "LGPL-3",
}
"""
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One update, deployed and done by hand; seconds."""

    whole: float
    until_switched: float
    steps_ms: Mapping[str, int]
    by_hand: Timing


def run() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder, new_home("bench") as home:
        return asyncio.run(_run(home, Path(folder)))


async def _run(home: Path, folder: Path) -> dict[str, object]:
    first, second = await _commits(folder / "repository")
    platform = await Platform(home).up()
    try:
        # Makes the base database, and warms up whatever keeps what it has read.
        warm = await Site.make(platform, folder / "repository", "bench-0")
        await _succeed(warm, first)
        image = (await _succeed(warm, second))["imageTag"]
        operator = await Operator.beside(platform)
        rounds = []
        for number in range(1, _ROUNDS + 1):
            site = await Site.make(platform, folder / "repository", f"bench-{number}")
            await _succeed(site, first)
            rounds.append(await _round(operator, site, second, image, number))
    finally:
        platform.down()
    return _figures(rounds)


async def _commits(repository: Path) -> tuple[str, str]:
    """Make the demo's repository, with a module beside it that needs many; return two commits."""
    await build_repository(repository)
    shas = []
    for tag in ("v1", "v2"):
        git(repository, "checkout", "--quiet", "-B", "main", tag)
        files = {"company/__init__.py": "", "company/__manifest__.py": COMPANY}
        shas.append(commit(repository, files, f"{tag} for a company"))
        git(repository, "tag", f"company-{tag}")
    return shas[0], shas[1]


async def _round(operator: Operator, site: Site, sha: str, image: str, number: int) -> Round:
    """Do both, and in every other round the one by hand first."""
    async with operator.copy_of((await site.odoo()).database) as copy:
        if number % 2:
            by_hand = await copy.update(_MODULES, image)
        asked = clock.now()
        deployed = await _succeed(site, sha)
        if not number % 2:
            by_hand = await copy.update(_MODULES, image)
    steps = {step["name"]: step for step in deployed["steps"]}
    return Round(
        whole=_seconds(asked, deployed["completedAt"]),
        until_switched=_seconds(asked, steps[Step.SWITCH]["completedAt"]),
        steps_ms={name: step["durationMs"] for name, step in steps.items()},
        by_hand=by_hand,
    )


async def _succeed(site: Site, sha: str) -> dict[str, Any]:
    deployed = await site.deploy(commitSha=sha)
    assert deployed["status"] == "succeeded", await site.log(deployed)
    return deployed


def _seconds(asked: datetime, moment: str) -> float:
    return (datetime.fromisoformat(moment) - asked).total_seconds()


def _figures(rounds: Sequence[Round]) -> dict[str, object]:
    whole = statistics.median(each.whole for each in rounds)
    until_switched = statistics.median(each.until_switched for each in rounds)
    by_hand = statistics.median(each.by_hand.whole for each in rounds)
    return {
        "name": "deploy-overhead",
        "ratio": round(whole / by_hand, 3),
        "ratio_until_switched": round(until_switched / by_hand, 3),
        "aim": AIM,
        "whole_s": round(whole, 2),
        "until_switched_s": round(until_switched, 2),
        "by_hand_s": round(by_hand, 2),
        "by_hand_update_s": round(statistics.median(each.by_hand.update for each in rounds), 2),
        "by_hand_start_s": round(statistics.median(each.by_hand.start for each in rounds), 2),
        "steps_ms": {
            name: round(statistics.median(each.steps_ms[name] for each in rounds))
            for name in rounds[0].steps_ms
        },
        "rounds": len(rounds),
    }
