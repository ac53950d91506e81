from contextlib import suppress
from dataclasses import replace

import pytest

from ocore.artifacts import Colour
from ocore.deployments.model import Deployment, Result, Status, Step
from ocore.deployments.pipeline import FLOW, MOST_ATTEMPTS, PUSHED_FLOW, ROLLBACK_FLOW
from ocore.deployments.runner import run_deployment
from ocore.environments import InstanceStatus
from ocore.errors import LeaseLost
from tests.deployments.world import (
    LIVE,
    LOANS,
    PowerCut,
    World,
    WorldLedger,
    deployment,
    rollback,
    toolbox,
)

IN_THE_CUTOVER = ["update", "health", "proxy", "proxy away", "snapshot"]


async def run(world: World, ledger: WorldLedger) -> None:
    await run_deployment(await ledger.claim("w1"), ledger, toolbox(world))


async def run_through_power_cut(world: World, ledger: WorldLedger) -> None:
    try:
        await run(world, ledger)
    except PowerCut:
        ledger.term += 1
        await run(world, ledger)


def status_of(ledger: WorldLedger) -> Status:
    assert ledger.ending is not None
    return ledger.ending.status


async def test_a_good_update_goes_live_on_the_other_colour() -> None:
    world, ledger = World(), WorldLedger(deployment())
    await run(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    image = "acme/library:new"
    assert world.seen() == ("rows+new", {Colour.GREEN: image}, image, Colour.GREEN, False)
    assert ledger.live is not None
    assert ledger.live.colour is Colour.GREEN
    # Users wait for an update as it is.
    assert world.warm is None


async def test_an_update_that_changes_nothing_never_stops_the_live_colour() -> None:
    world = World(checksums={"loans": "new"}, version=LOANS.version)
    ledger = WorldLedger(deployment())
    await run(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    assert world.updates == 0
    assert world.data == "rows"
    assert world.warm is Colour.GREEN
    last = ledger.deployment.last(Step.UPDATE)
    assert last is not None
    assert last.result is Result.SKIPPED


@pytest.mark.parametrize("breaks", IN_THE_CUTOVER)
async def test_a_failure_in_the_cutover_leaves_everything_as_it_was(breaks: str) -> None:
    world, ledger = World(breaks=frozenset({breaks})), WorldLedger(deployment())
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.ROLLED_BACK
    assert world.seen() == before
    assert ledger.live is None


@pytest.mark.parametrize("breaks", ["health", "proxy", "proxy away", "stop"])
async def test_a_failure_beside_the_live_version_leaves_everything_as_it_was(breaks: str) -> None:
    world = World(breaks=frozenset({breaks}), checksums={"loans": "new"}, version=LOANS.version)
    ledger = WorldLedger(deployment())
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.ROLLED_BACK
    assert world.seen() == before


@pytest.mark.parametrize("breaks", ["fetch", "build", "push"])
async def test_a_failure_before_the_cutover_touches_nothing(breaks: str) -> None:
    world = World(breaks=frozenset({breaks}), registry="registry.example")
    ledger = WorldLedger(deployment())
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.FAILED
    assert world.seen() == before
    assert not ledger.deployment.began(Step.SNAPSHOT)


async def test_a_first_deployment_that_fails_leaves_the_instance_empty() -> None:
    world = World(breaks=frozenset({"update"}), running={}, crons=None, route=None)
    ledger = WorldLedger(deployment(previous=None))
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.ROLLED_BACK
    assert world.seen() == before


async def test_a_rollback_brings_the_earlier_code_and_data() -> None:
    world, ledger = World(), WorldLedger(rollback())
    await run(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    first = "acme/library:first"
    assert world.seen() == ("first rows", {Colour.GREEN: first}, first, Colour.GREEN, False)
    assert world.snapshots["earlier"] == "first rows", "the snapshot can be used again"
    assert world.snapshots[ledger.deployment.id] == "rows", "the present was saved"
    (lost,) = [each for each in ledger.deployment.findings if each.cls == "data.loss_on_rollback"]
    assert lost.excerpt == "undone by going back: library_loan 4 inserted, 2 updated, 1 deleted"
    assert lost.metadata == {
        "rowsByTable": {"library_loan": 3},
        "changesByTable": {"library_loan": {"inserted": 4, "updated": 2, "deleted": 1}},
    }


async def test_a_rollback_that_fails_brings_the_present_back() -> None:
    world, ledger = World(breaks=frozenset({"health"})), WorldLedger(rollback())
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.ROLLED_BACK
    assert world.seen() == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 2 * len(FLOW) + 3))
@pytest.mark.parametrize("breaks", [None, *IN_THE_CUTOVER])
async def test_a_power_cut_anywhere_changes_nothing_about_the_end(
    breaks: str | None, nth: int, after: bool
) -> None:
    world = World(breaks=frozenset({breaks} if breaks else ()))
    before = world.seen()
    ledger = WorldLedger(deployment(), cut_at=nth, cut_after=after)
    await run_through_power_cut(world, ledger)
    if breaks is None:
        assert status_of(ledger) is Status.SUCCEEDED
        assert world.data == "rows+new", "the update is in there once"
        assert world.route is Colour.GREEN
    else:
        assert status_of(ledger) is Status.ROLLED_BACK
        assert world.seen() == before


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 2 * len(ROLLBACK_FLOW) + 1))
async def test_a_power_cut_in_a_rollback_changes_nothing_about_the_end(
    nth: int, after: bool
) -> None:
    world, ledger = World(), WorldLedger(rollback(), cut_at=nth, cut_after=after)
    await run_through_power_cut(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    assert world.data == "first rows"


@pytest.mark.parametrize("nth", range(1, 2 * len(FLOW)))
async def test_a_cancel_ends_before_the_cutover_unwinds_within_it_and_is_too_late_after(
    nth: int,
) -> None:
    world = World()
    before = world.seen()
    ledger = WorldLedger(deployment(), cancel_before=nth)
    await run(world, ledger)
    if status_of(ledger) is Status.SUCCEEDED:
        assert world.data == "rows+new"
        # Each step before it is two lines of the journal, and a skipped one is one.
        assert nth >= 2 * FLOW.index(Step.SWITCH)
    else:
        began = ledger.deployment.began(Step.SNAPSHOT)
        assert status_of(ledger) is (Status.ROLLED_BACK if began else Status.CANCELLED)
        assert world.seen() == before


async def test_a_step_that_kills_its_worker_each_time_is_given_up_and_unwound() -> None:
    world, ledger = World(deadly=True), WorldLedger(deployment())
    before = world.seen()
    while ledger.ending is None:
        with suppress(PowerCut):
            await run(world, ledger)
        ledger.term += 1
    assert world.updates == MOST_ATTEMPTS
    assert status_of(ledger) is Status.ROLLED_BACK
    assert world.seen() == before
    assert ledger.ending.error_message is not None
    assert "the worker died each time" in ledger.ending.error_message


async def test_a_rollback_that_cannot_finish_says_so_and_marks_the_instance() -> None:
    world = World(breaks=frozenset({"update"}))
    ledger = WorldLedger(replace(deployment(), previous=replace(LIVE, image="gone")))
    tools = toolbox(world)

    class NoImages:
        build = staticmethod(tools.images.build)

        @staticmethod
        async def find(_tag: str) -> None:
            return None

    lease = await ledger.claim("w1")
    await run_deployment(lease, ledger, replace(tools, images=NoImages()))
    assert ledger.ending is not None
    assert ledger.ending.status is Status.FAILED
    assert ledger.ending.instance_status is InstanceStatus.DEGRADED
    assert ledger.ending.error_message is not None
    assert "the image gone is gone; deploy commit 01d" in ledger.ending.error_message


async def test_a_worker_that_lost_its_lease_writes_nothing() -> None:
    world, ledger = World(), WorldLedger(deployment())
    lease = await ledger.claim("w1")
    ledger.term += 1
    with pytest.raises(LeaseLost):
        await run_deployment(lease, ledger, toolbox(world))
    assert ledger.deployment.journal == ()


def test_the_order_of_a_deployment_names_every_step_once() -> None:
    for flow in (FLOW, PUSHED_FLOW, ROLLBACK_FLOW):
        assert len(set(flow)) == len(flow)
    unwound: Deployment = deployment()
    assert unwound.attempts(Step.FETCH) == 0
