"""Odoo's own modules are healthy: what blocks one of them is wrong about it.

A handful here; `make bench NAME=gates` checks all of them.
"""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from ocore.gates.cache import Cache
from ocore.gates.crons import Code, in_database
from ocore.gates.findings import FindingClass, Gate, GateAction
from ocore.gates.gathering import Gatherer
from ocore.gates.program import RUNS
from ocore.gates.task import Answer, Side, Task, world_of
from ocore.odoo.crons import Cron, calls
from tests.real_odoo import RealOdoo

pytestmark = pytest.mark.odoo

HANDFUL = (
    "account_peppol",  # a private key outside of its tests
    "base",
    "base_automation",
    "google_address_autocomplete",  # refers to a module that it does not depend on
    "test_import_export",  # names of models that are computed
)


@pytest.fixture(scope="module")
def task(odoo: RealOdoo, cache: Path) -> Task:
    addons = odoo.tree.addons_paths[0]
    side = Side(root=addons, modules={name: name for name in HANDFUL})
    asked = Task(
        current=side,
        previous=side,
        series="19.0",
        odoo=f"{odoo.tree.python_path}/odoo",
        addons=(addons,),
        cache=str(cache),
    )
    return msgspec.structs.replace(asked, index=Gatherer(asked).gather())


def answer(task: Task, gate: Gate) -> Answer:
    return RUNS[gate](msgspec.structs.replace(task, gate=gate))


@pytest.mark.parametrize("gate", [Gate.CODE_STATIC, Gate.MIGRATION_SAFETY])
def test_nothing_of_odoo_blocks(task: Task, gate: Gate) -> None:
    blocking = [
        each.excerpt for each in answer(task, gate).findings if each.action is GateAction.BLOCK
    ]
    assert blocking == []


def test_a_key_that_tests_use_as_well_is_known_to_be_made_up(task: Task) -> None:
    found = answer(task, Gate.CODE_SECRETS).findings
    assert {each.cls for each in found} == {FindingClass.SECRET_IN_TESTS}
    assert "account_peppol/tools/private_key.pem" in {each.metadata["file"] for each in found}


def test_a_dependency_that_odoo_itself_forgot_is_found(task: Task) -> None:
    (found,) = answer(task, Gate.CODE_STATIC).findings
    assert found.cls is FindingClass.CODE_UNREACHABLE_EXTERNAL_ID
    assert found.metadata["record"] == "base_setup.res_config_settings_view_form"


def test_nobody_is_warned_of_what_is_live_already(task: Task) -> None:
    (found,) = answer(task, Gate.CODE_STATIC).findings
    assert found.action is GateAction.INFORM
    changed = {**task.index.previous, "google_address_autocomplete": "another"}
    index = msgspec.structs.replace(task.index, previous=changed)
    (found,) = answer(msgspec.structs.replace(task, index=index), Gate.CODE_STATIC).findings
    assert found.action is GateAction.WARN


def test_modules_of_odoo_are_read_with_all_that_they_need(task: Task) -> None:
    assert {"web", "mail", "account"} <= set(task.index.odoo)
    assert Path(task.cache, "facts").is_dir()


def test_what_scheduled_actions_of_odoo_call_is_there_and_would_be_missed(
    odoo: RealOdoo, cache: Path
) -> None:
    addons = Path(odoo.tree.addons_paths[0])
    holders = {
        file.relative_to(addons).parts[0]
        for file in addons.glob("*/data/*.xml")
        if b'model="ir.cron"' in file.read_bytes()
    }
    asked = Task(
        current=Side(root=str(addons), modules={name: name for name in holders}),
        series="19.0",
        odoo=f"{odoo.tree.python_path}/odoo",
        addons=(str(addons),),
        cache=str(cache),
    )
    task = msgspec.structs.replace(asked, index=Gatherer(asked).gather())
    code = Code(world_of(task, Cache(cache), holders), task.odoo)
    crons = [
        Cron(name=each.xmlid, model=model, code=each.code)
        for name in holders
        for each in code.world.modules[name].crons
        for model in code.world.models_with_id(each.model_id)
        if calls(each.code)
    ]
    assert len(crons) > 70
    assert not list(in_database(crons, code, before=None, own=()))
    renamed = [replace(each, code=each.code.replace("(", "_renamed(", 1)) for each in crons]
    assert len(list(in_database(renamed, code, before=None, own=()))) == len(crons)
