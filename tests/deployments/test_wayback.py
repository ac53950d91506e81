"""The rollback class of a deployment, and rollbacks that leave the data alone."""

from dataclasses import replace

import pytest

from ocore.artifacts import Colour
from ocore.deployments.model import Deployment, Result, Status, Step
from ocore.deployments.products import Inspected, Updated
from ocore.deployments.runner import run_deployment
from ocore.deployments.wayback import RollbackClass, WayBack, gravest, way_back
from ocore.odoo.plan import PlannedChange
from ocore.odoo.schema import Schema, SchemaChange, compare
from tests.deployments.journal import NO_PLAN, UPDATE_PLAN, done
from tests.deployments.world import (
    PowerCut,
    World,
    WorldLedger,
    deployment,
    rollback,
    toolbox,
)

SAFE, RESTORE, LOST = RollbackClass


def updated(
    change: SchemaChange | None, *, plan: Inspected = UPDATE_PLAN, snapshot: bool = True
) -> Deployment:
    steps = (Step.FETCH, Step.INSPECT, Step.BUILD, *((Step.SNAPSHOT,) if snapshot else ()))
    built = done(deployment(), *steps, plan=plan)
    finished = done(built, Step.UPDATE, plan=plan)
    last = replace(finished.journal[-1], artifact=Updated(modules=("loans",), change=change))
    return replace(finished, journal=(*finished.journal[:-1], last))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (SchemaChange(columns_removed=("loan.note",)), "it removed columns: loan.note"),
        (SchemaChange(columns_changed=("loan.date",)), "it changed columns: loan.date"),
        (SchemaChange(columns_added=("loan.due",)), "it added columns: loan.due"),
        (SchemaChange(fields_added=("loan.due",)), "it added fields: loan.due"),
        (SchemaChange(fields_removed=("loan.due",)), "it removed fields: loan.due"),
        (SchemaChange(views_changed=True), "it changed views"),
        (None, "not recorded"),
        (
            SchemaChange(fields_added=tuple(f"loan.f{number}" for number in range(7))),
            "loan.f4 and 2 more",
        ),
    ],
)
def test_an_update_that_changed_the_shape_needs_its_data_back(
    change: SchemaChange | None, reason: str
) -> None:
    way = way_back(updated(change))
    assert way.cls is RESTORE
    assert reason in way.reasons[0]


def test_an_update_that_left_the_shape_alone_goes_back_by_code() -> None:
    assert way_back(updated(SchemaChange())) == WayBack(cls=SAFE)


@pytest.mark.parametrize(
    ("plan", "reason"),
    [
        (replace(UPDATE_PLAN, scripts=("loans/migrations/1.1/post-fill.py",)), "it ran loans/"),
        (
            replace(UPDATE_PLAN, install=(PlannedChange(name="films", version="1", reason="new"),)),
            "it installed films",
        ),
    ],
    ids=["scripts", "install"],
)
def test_what_a_script_or_an_installation_did_to_the_rows_nobody_knows(
    plan: Inspected, reason: str
) -> None:
    way = way_back(updated(SchemaChange(), plan=plan))
    assert way.cls is RESTORE
    assert way.reasons[0].startswith(reason)


def test_changed_data_without_a_snapshot_is_irreversible() -> None:
    way = way_back(updated(SchemaChange(views_changed=True), snapshot=False))
    assert way.cls is LOST
    assert "no snapshot" in way.reasons[-1]


def test_a_change_of_code_alone_goes_back_by_code_and_a_restore_does_not() -> None:
    code = done(deployment(), Step.FETCH, Step.INSPECT, plan=NO_PLAN)
    assert way_back(code).cls is SAFE
    restored = done(rollback(), Step.SNAPSHOT)
    assert way_back(restored).cls is RESTORE
    assert way_back(by_code()).cls is SAFE


def test_the_gravest_of_several_counts_and_all_reasons_are_told() -> None:
    ways = [
        WayBack(cls=SAFE),
        WayBack(cls=LOST, reasons=("b",)),
        WayBack(cls=RESTORE, reasons=("a", "b")),
    ]
    assert gravest(ways) == WayBack(cls=LOST, reasons=("b", "a"))
    assert gravest([]) == WayBack(cls=SAFE)


def test_two_shapes_are_compared_by_name_and_kind() -> None:
    before = Schema(columns={"a.x": "int", "a.y": "text"}, fields={"m.f": "char"}, views="1")
    after = Schema(columns={"a.y": "int", "a.z": "text"}, fields={"m.f": "char"}, views="1")
    assert compare(before, after) == SchemaChange(
        columns_added=("a.z",), columns_removed=("a.x",), columns_changed=("a.y",)
    )
    assert compare(after, after) == SchemaChange()


def by_code() -> Deployment:
    asked = rollback()
    assert asked.target is not None
    return replace(asked, target=replace(asked.target, restores_data=False))


async def test_a_deployment_says_what_going_back_will_take() -> None:
    ledger = WorldLedger(deployment())
    await run_deployment(await ledger.claim("w"), ledger, toolbox(World()))
    (finding,) = ledger.deployment.findings
    assert finding.cls == "release.rollback_class"
    assert finding.metadata["rollbackClass"] == "needs_data_restore"
    assert finding.metadata["reasons"] == ["it added columns: library_loan.date_due"]


async def test_a_rollback_of_code_alone_keeps_the_rows_and_never_stops_serving() -> None:
    world, ledger = World(), WorldLedger(by_code())
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
    assert ledger.ending is not None
    assert ledger.ending.status is Status.SUCCEEDED
    image = "acme/library:first"
    assert world.seen() == ("rows", {Colour.GREEN: image}, image, Colour.GREEN, False)
    skipped = ledger.deployment.last(Step.RESTORE)
    assert skipped is not None
    assert skipped.result is Result.SKIPPED


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("line", range(1, 15))
@pytest.mark.parametrize("breaks", ["", "health", "snapshot"])
async def test_a_power_cut_changes_nothing_about_the_end_of_a_rollback_of_code_alone(
    breaks: str, line: int, *, after: bool
) -> None:
    ends = []
    for cut_at in (0, line):
        world = World(breaks=frozenset({breaks}))
        ledger = WorldLedger(by_code(), cut_at=cut_at, cut_after=after)
        try:
            await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
        except PowerCut:
            ledger.term += 1
            await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
        assert ledger.ending is not None
        ends.append((ledger.ending.status, world.seen()))
    assert ends[0] == ends[1]
