"""What the gates find and miss in the corpus, and how long they take over Odoo's own modules.

Precision and recall count findings by class, file and line: each mistake of the corpus is one
that must be found, and whatever else is found in it, or blocks its healthy twin, is one too many.
Odoo's modules are checked cold, and again after a change to one of them; they are healthy, so
that nothing in them may block.
"""

import asyncio
import os
import resource
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.artifacts import Say
from ocore.gates import GateRun, Order, Tree
from ocore.gates.findings import Finding, GateAction
from ocore.gates.lint import REQUIREMENT
from ocore.gates.processes import GateProcesses
from ocore.kit import clock
from ocore.odoo.providers import OdooTree
from tests.gates.cases import CASES
from tests.gates.checking import Checker, places
from tests.gates.corpus import build
from tests.real_odoo import cache_folder, real_odoo, venvs

AIM: Final = "cold of at most 60 s, warm of at most 3 s on two free cores; no false block"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One run over all modules: by the clock, and in seconds of processors."""

    seconds: float
    cpu: float
    runs: Sequence[GateRun]


def run() -> dict[str, object]:
    return asyncio.run(_run())


async def _run() -> dict[str, object]:
    tree = (await real_odoo()).tree
    linter = await (await venvs()).make([REQUIREMENT], say=_mute)
    # Beside Odoo, where its files can be given a second name.
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        found = await _corpus(tree, linter, Path(folder))
        cold, warm, modules = await _odoo(tree, linter, Path(folder))
    blocks = [each for each in _findings(cold) if each.action is GateAction.BLOCK]
    return {
        "name": "gates",
        "ratio": round(warm.seconds / cold.seconds, 4),
        "aim": AIM,
        **found,
        "odoo_modules": modules,
        "odoo_blocks": len(blocks),
        "odoo_findings": dict(Counter(f"{each.action} {each.cls}" for each in _findings(cold))),
        "odoo_summaries": [each.report.summary for each in cold.runs if each.report],
        "cold_s": round(cold.seconds, 1),
        "cold_cpu_s": round(cold.cpu, 1),
        "warm_s": round(warm.seconds, 2),
        "warm_cpu_s": round(warm.cpu, 2),
        "load": round(os.getloadavg()[0], 1),
    }


async def _corpus(tree: OdooTree, linter: Path, folder: Path) -> dict[str, object]:
    commits = build(folder / "repository", CASES)
    checker = await Checker.over(folder / "repository", tree, folder, linter)
    right = missed = wrong = 0
    for case in CASES:
        live, broken, twin = commits[case.name]
        answer = await checker.check(case.gate, broken, live=live)
        seen = places(tuple(each for each in answer.findings if each.cls not in case.also))
        hit = (case.cls, case.file, case.line) in seen
        right, missed = right + hit, missed + (not hit)
        wrong += len(seen) - hit
        healthy = await checker.check(case.gate, twin, live=live)
        wrong += sum(
            each.cls is case.cls or each.action is GateAction.BLOCK for each in healthy.findings
        )
    return {
        "precision": round(right / (right + wrong), 3),
        "recall": round(right / (right + missed), 3),
        "cases": len(CASES),
    }


async def _odoo(tree: OdooTree, linter: Path, folder: Path) -> tuple[Timing, Timing, int]:
    """Check a copy of Odoo's modules, then again with one of them changed."""
    root = _copy(Path(tree.addons_paths[0]), folder / "addons")
    modules = {path.parent.name: path.parent.name for path in root.glob("*/__manifest__.py")}

    async def odoo(*_: object) -> OdooTree:
        return tree

    async def pylint(_say: Say) -> Path:
        return linter

    checks = GateProcesses(
        cache=folder / "cold", odoo=odoo, linter=pylint, now=clock.now, jobs=os.cpu_count() or 1
    )
    order = Order(
        tree=Tree(path=str(root), modules=modules),
        previous=None,
        series="19.0",
        provider="debian",
        source=None,
    )
    cold = await _timed(checks, order)
    _change(root / "sale_management" / "models" / "sale_order.py")
    return cold, await _timed(checks, order), len(modules)


async def _timed(checks: GateProcesses, order: Order) -> Timing:
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    runs = await checks.run(order, say=_mute)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    for each in runs:
        assert each.report is not None, each.failure
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timing(seconds=seconds, cpu=cpu, runs=runs)


def _copy(addons: Path, root: Path) -> Path:
    subprocess.run(["cp", "-a", "--link", str(addons), str(root)], check=True)
    return root


def _change(file: Path) -> None:
    text = file.read_text()
    # A file of its own: the other name of these bytes is Odoo's.
    file.unlink()
    file.write_text(f"{text}\n# changed\n")


def _findings(timing: Timing) -> list[Finding]:
    return [each for run in timing.runs if run.report for each in run.report.findings]


def _mute(_line: str) -> None:
    return None
