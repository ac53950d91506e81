from dataclasses import replace

import pytest

from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.plan import UpdatePlan, plan_update

LOANS = Addon(
    name="loans", path="loans", version="19.0.1.0.0", checksum="same", depends=("base", "shelves")
)
SHELVES = Addon(
    name="shelves", path="shelves", version="19.0.1.0.0", checksum="same", depends=("base",)
)
BOTH = (LOANS, SHELVES)
REMEMBERED = {"loans": "same", "shelves": "same"}


def installed(
    *names: str, state: str = "installed", version: str | None = "19.0.1.0.0"
) -> tuple[InstalledModule, ...]:
    return tuple(InstalledModule(name=name, state=state, version=version) for name in names)


def reasons(plan: UpdatePlan) -> dict[str, str]:
    return {change.name: change.reason for change in (*plan.install, *plan.update)}


def test_nothing_is_planned_when_nothing_changed() -> None:
    plan = plan_update(BOTH, installed("base", "loans", "shelves"), REMEMBERED, wanted=None)
    assert plan == UpdatePlan()


def test_a_new_database_gets_every_module_of_the_repository() -> None:
    plan = plan_update(BOTH, installed("base"), {}, wanted=None)
    assert [change.name for change in plan.install] == ["loans", "shelves"]
    assert {change.version for change in plan.install} == {"19.0.1.0.0"}
    assert plan.update == ()


@pytest.mark.parametrize(
    ("addon", "state", "remembered", "reason"),
    [
        (replace(LOANS, checksum="new"), "installed", "same", "content changed"),
        (LOANS, "installed", None, "no checksum remembered from an earlier update"),
        (LOANS, "to upgrade", "same", "left in state to upgrade"),
        (
            replace(LOANS, version="19.0.1.1.0", checksum="new"),
            "installed",
            "same",
            "content changed; version 19.0.1.1.0 is newer than the installed 19.0.1.0.0",
        ),
    ],
)
def test_an_installed_module_is_updated_for_a_reason(
    addon: Addon, state: str, remembered: str | None, reason: str
) -> None:
    known = {"loans": remembered} if remembered else {}
    plan = plan_update(
        (addon, SHELVES),
        (*installed("loans", state=state), *installed("shelves")),
        {"shelves": "same", **known},
        wanted=None,
    )
    assert reasons(plan) == {"loans": reason}
    assert plan.install == ()


def test_an_older_version_is_no_reason() -> None:
    newer = (*installed("loans", version="19.0.2.0.0"), *installed("shelves"))
    assert plan_update(BOTH, newer, REMEMBERED, wanted=None) == UpdatePlan()


def test_a_new_dependency_is_installed_and_its_dependent_updated() -> None:
    plan = plan_update(BOTH, installed("loans"), REMEMBERED, wanted=("loans",))
    assert [change.name for change in plan.install] == ["shelves"]
    assert reasons(plan) == {
        "shelves": "loans depends on it",
        "loans": "a module it depends on is new: shelves",
    }


def test_dependencies_of_dependencies_are_installed_too() -> None:
    covers = replace(SHELVES, name="covers", path="covers", depends=("base", "sale"))
    shelves = replace(SHELVES, depends=("covers",))
    plan = plan_update((LOANS, shelves, covers), (), {}, wanted=("loans",))
    assert [change.name for change in plan.install] == ["covers", "loans", "shelves"]


def test_only_modules_of_the_repository_are_planned() -> None:
    plan = plan_update(BOTH, installed("loans", "sale"), {}, wanted=("loans", "crm"))
    assert set(reasons(plan)) == {"loans", "shelves"}


def test_modules_that_odoo_installs_by_itself_are_left_to_it() -> None:
    bridge = replace(SHELVES, name="bridge", path="bridge", auto_install=True)
    plan = plan_update((*BOTH, bridge), (), {}, wanted=None)
    assert "bridge" not in reasons(plan)
    present = plan_update((*BOTH, bridge), installed("bridge"), {}, wanted=None)
    assert "bridge" in {change.name for change in present.update}


def test_modules_that_cannot_be_installed_are_never_planned() -> None:
    old = replace(SHELVES, name="old", path="old", installable=False)
    broken = replace(SHELVES, name="broken", path="broken", problem="broken/models.py line 1")
    plan = plan_update((old, broken), installed("old"), {}, wanted=("old", "broken"))
    assert plan == UpdatePlan()


def test_what_an_earlier_update_left_half_way_is_finished() -> None:
    states = (*installed("loans", state="to install"), *installed("shelves"))
    plan = plan_update(BOTH, states, REMEMBERED, wanted=())
    assert reasons(plan) == {"loans": "left in state to install"}
