"""Scheduled actions that a deployment cuts are told, however it ends."""

import pytest

from ocore.deployments.model import Deployment, Status
from ocore.deployments.runner import run_deployment
from ocore.runtime import ScheduledAction
from tests.deployments.world import LOANS, World, WorldLedger, deployment, rollback, toolbox

MAIL = ScheduledAction(id=3, name="Send mail", seconds=61.5)
UNCHANGED = {LOANS.name: LOANS.checksum}


@pytest.mark.parametrize(
    ("world", "asked", "ending"),
    [
        (World(stubborn=(MAIL,)), deployment(), Status.SUCCEEDED),
        (World(stubborn=(MAIL,)), rollback(), Status.SUCCEEDED),
        (
            World(stubborn=(MAIL,), checksums=UNCHANGED, version=LOANS.version),
            deployment(),
            Status.SUCCEEDED,
        ),
        (World(stubborn=(MAIL,), breaks=frozenset({"snapshot"})), deployment(), Status.ROLLED_BACK),
    ],
    ids=["update", "rollback", "code only", "failed snapshot"],
)
async def test_a_scheduled_action_that_was_cut_becomes_a_finding(
    world: World, asked: Deployment, ending: Status
) -> None:
    ledger = WorldLedger(asked)
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world))
    assert ledger.ending is not None
    assert ledger.ending.status is ending
    cut = [each for each in ledger.deployment.findings if each.cls == "cron.interrupted"]
    assert [each.metadata for each in cut] == [{"name": "Send mail", "seconds": 61.5}]
    assert world.crons is not None
