from contextlib import suppress
from dataclasses import replace

import pytest

from ocore.artifacts import Image, Say
from ocore.deployments.changes import changes_between
from ocore.deployments.evidence import Evidence, FindingClass, Gate, GateAction, Severity
from ocore.deployments.model import Deployment, Result, Status, Step
from ocore.deployments.pipeline import FLOW, MOST_ATTEMPTS, Skip, next_move
from ocore.deployments.products import Rehearsed
from ocore.deployments.runner import run_deployment
from ocore.environments import Instance, Project
from ocore.rehearsals import Portrait, stand_in
from ocore.runtime import ModuleChange
from ocore.source import Checkout
from tests.deployments.journal import NO_PLAN, done
from tests.deployments.world import (
    INSTANCE,
    LOANS,
    NOW,
    PowerCut,
    World,
    WorldLedger,
    WorldProxy,
    WorldRehearsals,
    WorldRuntime,
    WorldSource,
    deployment,
    toolbox,
)

BUILT = (Step.FETCH, Step.INSPECT, Step.VALIDATE, Step.BUILD)


def in_production() -> Deployment:
    return replace(deployment(), instance=replace(INSTANCE, environment="production"))


async def run(world: World, ledger: WorldLedger) -> None:
    await run_deployment(await ledger.claim("w1"), ledger, toolbox(world))


def evidence_of(ledger: WorldLedger) -> dict[Gate, Evidence]:
    return {each.gate: each for each in ledger.deployment.evidence}


async def test_an_update_of_production_is_rehearsed_before_anything_stops() -> None:
    world, ledger = World(slowness=7), WorldLedger(in_production())
    await run(world, ledger)
    assert ledger.deployment.status is Status.SUCCEEDED
    assert world.stand_in is None, "the copy is thrown away"
    rehearsed = ledger.deployment.produced(Rehearsed)
    assert rehearsed == Rehearsed(update_ms=7000, tests=4)
    evidence = evidence_of(ledger)
    assert evidence[Gate.DATABASE_REHEARSAL].summary == (
        f"loans {LOANS.version}: the update took 7.0 s on a copy of the data"
    )
    assert evidence[Gate.ODOO_TESTS].summary == "4 tests of loans passed"
    grown = [each for each in ledger.deployment.findings if each.cls is FindingClass.SCHEMA_GROWN]
    assert grown[0].metadata == {"tables": [], "columns": ["library_loan.rating"]}


@pytest.mark.parametrize(
    ("breaks", "gate", "said"),
    [
        ("copy", Gate.DATABASE_REHEARSAL, "copy broke"),
        ("neutralize", Gate.DATABASE_REHEARSAL, "could still reach people"),
        ("rehearsal", Gate.DATABASE_REHEARSAL, "rehearsal broke"),
        ("tests", Gate.ODOO_TESTS, "1 of 4 tests did not pass: tests broke"),
    ],
)
async def test_what_fails_in_the_rehearsal_never_touches_the_instance(
    breaks: str, gate: Gate, said: str
) -> None:
    world, ledger = World(breaks=frozenset({breaks})), WorldLedger(in_production())
    before = world.seen()
    await run(world, ledger)
    assert ledger.deployment.status is Status.BLOCKED
    assert world.seen() == before
    assert world.stand_in is None
    assert not ledger.deployment.began(Step.SNAPSHOT)
    failed = evidence_of(ledger)[gate]
    assert not failed.passed
    assert said in failed.summary
    assert said in (ledger.deployment.error_message or "")


async def test_failing_tests_do_not_hide_that_the_update_itself_went_well() -> None:
    world, ledger = World(breaks=frozenset({"tests"})), WorldLedger(in_production())
    await run(world, ledger)
    evidence = evidence_of(ledger)
    assert evidence[Gate.DATABASE_REHEARSAL].passed
    assert not evidence[Gate.ODOO_TESTS].passed


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 2 * len(FLOW) + 1))
@pytest.mark.parametrize("breaks", [None, "rehearsal", "tests"])
async def test_a_power_cut_anywhere_leaves_no_copy_behind(
    breaks: str | None, nth: int, *, after: bool
) -> None:
    world = World(breaks=frozenset({breaks} if breaks else ()))
    before = world.seen()
    ledger = WorldLedger(in_production(), cut_at=nth, cut_after=after)
    with suppress(PowerCut):
        await run(world, ledger)
    if ledger.ending is None:
        ledger.term += 1
        await run(world, ledger)
    assert world.stand_in is None
    assert ledger.deployment.status is (Status.BLOCKED if breaks else Status.SUCCEEDED)
    assert breaks is None or world.seen() == before


async def test_a_slow_update_warns_that_users_will_see_a_maintenance_page() -> None:
    world, ledger = World(slowness=95), WorldLedger(in_production())
    await run(world, ledger)
    (long,) = (each for each in ledger.deployment.findings if each.cls is FindingClass.LONG_WINDOW)
    assert "the update alone takes 95.0 s" in long.excerpt
    assert long.metadata == {"updateMs": 95000}
    assert evidence_of(ledger)[Gate.DATABASE_REHEARSAL].warned


async def test_an_update_that_takes_longer_than_it_may_is_refused() -> None:
    within = replace(in_production(), instance=replace(in_production().instance, longest_window=90))
    world, ledger = World(slowness=95), WorldLedger(within)
    await run(world, ledger)
    assert ledger.deployment.status is Status.BLOCKED
    card = evidence_of(ledger)[Gate.DATABASE_REHEARSAL].failure_card
    assert card is not None
    assert card["title"] == "The update takes too long"
    assert "95.0 s" in card["cause"]
    assert world.stand_in is None


def rehearsing(**changes: object) -> Instance:
    return replace(INSTANCE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instance", "rehearses"),
    [
        (rehearsing(environment="development"), False),
        (rehearsing(environment="staging"), True),
        (rehearsing(environment="production"), True),
        (rehearsing(environment="development", rehearse=True), True),
        (rehearsing(environment="production", rehearse=False), False),
    ],
)
def test_who_rehearses_is_a_matter_of_the_environment_unless_said_otherwise(
    instance: Instance, *, rehearses: bool
) -> None:
    ready = done(replace(deployment(), instance=instance), *BUILT)
    assert isinstance(next_move(ready, now=NOW), Skip) is not rehearses


def test_a_rehearsal_is_skipped_with_its_reason() -> None:
    nothing = next_move(done(in_production(), *BUILT, plan=NO_PLAN), now=NOW)
    assert nothing == Skip(Step.REHEARSE, "no module changed since the last success")
    first = next_move(done(replace(in_production(), previous=None), *BUILT), now=NOW)
    assert first == Skip(Step.REHEARSE, "the instance has no data yet")
    development = next_move(done(deployment(), *BUILT), now=NOW)
    assert development == Skip(
        Step.REHEARSE, "this development instance does not rehearse its updates"
    )


async def test_a_rehearsal_that_kills_its_worker_each_time_is_given_up() -> None:
    world, ledger = World(), WorldLedger(in_production())

    class Deadly(WorldRehearsals):
        async def prepare(self, instance: Instance) -> None:
            await super().prepare(instance)
            raise PowerCut

        async def discard(self, instance: Instance) -> None:
            if ledger.deployment.failure() is not None:
                await super().discard(instance)

    tools = replace(toolbox(world), rehearsals=Deadly(world))
    while ledger.ending is None:
        with suppress(PowerCut):
            await run_deployment(await ledger.claim("w1"), ledger, tools)
        ledger.term += 1
    assert world.stand_in is None, "whoever ends it removes what is left"
    assert ledger.deployment.status is Status.FAILED
    assert ledger.deployment.attempts(Step.REHEARSE) == MOST_ATTEMPTS
    last = ledger.deployment.last(Step.REHEARSE)
    assert last is not None
    assert last.result is Result.FAILED


def test_a_stand_in_is_another_database_of_a_name_that_fits() -> None:
    other = stand_in(replace(INSTANCE, database="x" * 40))
    assert other.throwaway
    assert other.database == f"{'x' * 40}__r"


BEFORE = Portrait(
    columns={"loan.id": "int4", "loan.days": "int4", "loan.note": "text", "shelf.id": "int4"},
    rows={"loan": 5, "shelf": 2, "ir_ui_view": 9},
)


def test_a_database_that_stays_as_it_was_has_no_finding() -> None:
    assert changes_between(BEFORE, BEFORE) == ()


def test_what_an_update_did_to_a_database_is_told() -> None:
    after = Portrait(
        columns={"loan.id": "int4", "loan.days": "numeric", "loan.due": "date", "fine.id": "int4"},
        rows={"loan": 3, "fine": 0, "ir_ui_view": 8},
    )
    found = [(each.cls, each.severity, each.excerpt) for each in changes_between(BEFORE, after)]
    assert found == [
        (
            FindingClass.SCHEMA_TABLE_DROPPED,
            Severity.HIGH,
            "the table shelf is gone, and its 2 rows with it",
        ),
        (
            FindingClass.SCHEMA_COLUMN_DROPPED,
            Severity.HIGH,
            "the column loan.note is gone, and what was in it",
        ),
        (FindingClass.SCHEMA_TYPE_CHANGED, Severity.MEDIUM, "loan.days was int4 and is numeric"),
        (
            FindingClass.SCHEMA_GROWN,
            Severity.INFO,
            "1 new tables and 1 new columns: fine, loan.due",
        ),
        (
            FindingClass.DATA_ROWS_CHANGED,
            Severity.MEDIUM,
            "rows after the update against before: loan -2, ir_ui_view -1",
        ),
    ]


def test_rows_that_odoo_keeps_for_itself_may_go() -> None:
    after = replace(BEFORE, rows={**BEFORE.rows, "ir_ui_view": 8, "loan": 6})
    (found,) = changes_between(BEFORE, after)
    assert (found.severity, found.action) == (Severity.INFO, GateAction.INFORM)


OCORE_TOML = """\
hold_seconds = 200
[tests]
exclude = ["/loans:TestLoan.test_with_demo_data", "slow"]
"""


async def test_what_a_repository_wants_of_tests_and_held_requests_is_done() -> None:
    world, ledger = World(slowness=95), WorldLedger(in_production())
    told: list[object] = []

    class Wanting(WorldSource):
        async def checkout(self, project: Project, sha: str) -> Checkout:
            found = await super().checkout(project, sha)
            return replace(found, configuration=OCORE_TOML)

    class Running(WorldRuntime):
        async def update(
            self, instance: Instance, image: Image, change: ModuleChange, *, say: Say
        ) -> None:
            told.append(change.test_tags)
            await super().update(instance, image, change, say=say)

    class Holding(WorldProxy):
        async def hold(self, instance: Instance) -> None:
            told.append(instance.hold_seconds)
            await super().hold(instance)

    tools = replace(
        toolbox(world), source=Wanting(world), runtime=Running(world), proxy=Holding(world)
    )
    await run_deployment(await ledger.claim("w1"), ledger, tools)
    assert ledger.deployment.status is Status.SUCCEEDED
    tags = ("/loans", "-/loans:TestLoan.test_with_demo_data", "-slow")
    assert told == [(), tags, 200, ()]
    assert evidence_of(ledger)[Gate.ODOO_TESTS].summary == (
        "4 tests of loans passed; ocore.toml excludes /loans:TestLoan.test_with_demo_data, slow"
    )
    classes = {each.cls for each in ledger.deployment.findings}
    assert FindingClass.LONG_WINDOW not in classes, "nobody sees a maintenance page"
