"""The data of one environment for another: harmless before it is put in place, or not at all."""

from dataclasses import replace

import pytest

from ocore.deployments.model import Status, Step
from ocore.deployments.pipeline import ROLLBACK_FLOW
from ocore.snapshots import Room
from tests.deployments.test_runner import run, run_through_power_cut, status_of
from tests.deployments.world import INSTANCE, World, WorldLedger, rollback

PRODUCTION = replace(INSTANCE, id="p", name="Production", database="p", environment="production")


async def test_foreign_data_is_put_in_place_neutralized_and_the_present_is_kept() -> None:
    world, ledger = World(), WorldLedger(rollback(source=PRODUCTION))
    await run(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    assert world.data == "harmless first rows"
    assert world.snapshots["earlier"] == "first rows", "the source's snapshot stays as it is"
    assert world.snapshots[ledger.deployment.id] == "rows", "the present was saved"
    assert world.stand_in is None


@pytest.mark.parametrize("breaks", ["copy", "neutralize"])
async def test_what_cannot_be_made_harmless_touches_nothing(breaks: str) -> None:
    world, ledger = World(breaks=frozenset({breaks})), WorldLedger(rollback(source=PRODUCTION))
    before = world.seen()
    await run(world, ledger)
    assert status_of(ledger) is Status.FAILED
    assert world.seen() == before
    assert world.stand_in is None
    assert not ledger.deployment.began(Step.SNAPSHOT)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("nth", range(1, 2 * len(ROLLBACK_FLOW) + 1))
async def test_a_power_cut_changes_nothing_about_the_end(nth: int, *, after: bool) -> None:
    foreign = rollback(source=PRODUCTION)
    world, ledger = World(), WorldLedger(foreign, cut_at=nth, cut_after=after)
    await run_through_power_cut(world, ledger)
    assert status_of(ledger) is Status.SUCCEEDED
    assert world.data == "harmless first rows"
    assert world.stand_in is None


async def test_data_that_does_not_fit_is_refused_with_the_numbers() -> None:
    room = Room(strategy="clone", database=0, needed=0, free=128 * 1024**2)
    world, ledger = World(room=room), WorldLedger(rollback(source=PRODUCTION))
    await run(world, ledger)
    failure = ledger.deployment.failure()
    assert failure is not None
    assert "of other data" in str(failure.detail)
    assert world.data == "rows"
