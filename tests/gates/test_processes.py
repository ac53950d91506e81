import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.gates import GateRun, Order, Tree
from ocore.gates.configuration import parse_configuration
from ocore.gates.findings import FindingClass, Gate
from ocore.gates.processes import GateProcesses
from ocore.gates.profiles import VALIDATED
from ocore.kit import clock
from ocore.kit.ids import uuid7
from ocore.odoo.providers import OdooTree
from tests.gates.cases import TOKEN
from tests.gates.corpus import HEALTHY, LOAN, MODEL, changed
from tests.real_odoo import RealOdoo

pytestmark = pytest.mark.odoo


def gates(odoo: OdooTree, cache: Path) -> GateProcesses:
    async def bring(_series: str, provider: str, _source: str | None, _say: Say) -> OdooTree:
        if provider != "debian":
            raise StepFailed("no Odoo there")
        return odoo

    async def linter(_say: Say) -> Path:
        # Any Python will do as long as no file is of interest to pylint.
        return Path(sys.executable)

    return GateProcesses(cache=cache, odoo=bring, linter=linter, now=clock.now)


def tree(folder: Path, **changes: str) -> Tree:
    for name, content in {**HEALTHY, **changes}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return Tree(path=str(folder), modules={"library_loans": "library_loans"})


def order(current: Tree, previous: Tree | None = None) -> Order:
    return Order(tree=current, previous=previous, series="19.0", provider="debian", source=None)


def report_of(runs: Sequence[GateRun], gate: Gate) -> str:
    run = next(each for each in runs if each.gate is gate)
    assert run.report is not None, run.failure
    return run.report.summary


async def test_gates_run_side_by_side_and_each_says_what_it_saw(
    odoo: RealOdoo, tmp_path: Path, cache: Path
) -> None:
    live = tree(tmp_path / "live")
    new = tree(
        tmp_path / "new",
        **{
            LOAN: changed(MODEL, "    note = fields.Text()\n", ""),
            "library_loans/models/client.py": f'TOKEN = "{TOKEN}"\n',
        },
    )
    runs = await gates(odoo.tree, cache).run(order(new, live), say=print)
    assert [run.gate for run in runs] == list(VALIDATED)
    assert report_of(runs, Gate.CODE_STATIC).endswith("nothing found")
    assert FindingClass.SECRET_CREDENTIAL in report_of(runs, Gate.CODE_SECRETS)
    assert FindingClass.SCHEMA_COLUMN_DROPPED in report_of(runs, Gate.MIGRATION_SAFETY)
    assert max(run.started_at for run in runs) < min(run.completed_at for run in runs)
    assert all(TOKEN not in str(run) for run in runs)
    kept = [path.read_bytes() for path in cache.rglob("*") if path.is_file()]
    assert kept
    assert not any(TOKEN.encode() in content for content in kept)


async def test_a_module_that_did_not_change_is_not_checked_again(
    odoo: RealOdoo, tmp_path: Path, cache: Path
) -> None:
    checks, fresh = gates(odoo.tree, cache), {LOAN: f"{MODEL}\n# {uuid7()}\n"}
    first = await checks.run(order(tree(tmp_path / "first", **fresh)), say=print)
    # Another checkout of the same content: what counts is the content.
    again = await checks.run(order(tree(tmp_path / "again", **fresh)), say=print)
    assert "1 of them new or changed" in report_of(first, Gate.CODE_STATIC)
    assert "0 of them new or changed" in report_of(again, Gate.CODE_STATIC)


async def test_a_gate_that_cannot_run_says_so_and_passes_nothing(
    odoo: RealOdoo, tmp_path: Path, cache: Path
) -> None:
    broken = replace(odoo.tree, addons_paths=("/nowhere",))
    for checks, wanted in (
        (gates(odoo.tree, cache), replace(order(tree(tmp_path / "t")), provider="git")),
        (
            gates(broken, cache),
            replace(order(tree(tmp_path / "t")), unreadable="the live commit is gone"),
        ),
    ):
        runs = await checks.run(wanted, say=print)
        migration = next(run for run in runs if run.gate is Gate.MIGRATION_SAFETY)
        assert migration.report is None
        assert migration.failure in {"no Odoo there", "the live commit is gone"}


async def test_a_gate_whose_program_dies_is_no_pass(odoo: RealOdoo, tmp_path: Path) -> None:
    blocked = tmp_path / "cache"
    blocked.write_text("a file where a folder should be")
    runs = await gates(odoo.tree, blocked).run(order(tree(tmp_path / "t")), say=print)
    assert [run.report for run in runs] == [None] * len(VALIDATED)
    assert all(run.failure for run in runs)


async def test_what_the_repository_excludes_is_counted_and_left_out(
    odoo: RealOdoo, tmp_path: Path, cache: Path
) -> None:
    leak = tree(tmp_path / "t", **{"deploy/old.py": f'TOKEN = "{TOKEN}"\n'})
    asked = parse_configuration('[gates."code.secrets"]\nexclude = ["deploy/*"]\n')
    wanted = replace(order(leak), configuration=asked)
    runs = await gates(odoo.tree, cache).run(wanted, say=print)
    assert "1 in excluded files" in report_of(runs, Gate.CODE_SECRETS)


async def test_hostile_files_are_read_and_never_run(
    odoo: RealOdoo, tmp_path: Path, cache: Path
) -> None:
    mark = tmp_path / "was-run"
    run_me = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
    bomb = (
        '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;">'
        '<!ENTITY d SYSTEM "file:///etc/passwd">]><odoo><record id="x" model="y">'
        '<field name="n">&c;&c;&d;</field></record></odoo>'
    )
    hostile = tree(
        tmp_path / "t",
        **{
            "library_loans/__init__.py": run_me,
            "library_loans/models/__init__.py": run_me + "cr.execute('x')\n",
            "library_loans/models/deep.py": "x = " + "(" * 5000 + ")" * 5000,
            "library_loans/data/loans.xml": bomb,
            "conftest.py": run_me,
            "pylintrc": f"[MAIN]\ninit-hook={run_me!r}\n",
            "sitecustomize.py": run_me,
        },
    )
    runs = await gates(odoo.tree, cache).run(order(hostile), say=print)
    assert "root:" not in str(runs)
    assert not mark.exists()
