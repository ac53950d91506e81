"""What a deployment does when a snapshot has no room, fails, or is not wanted."""

from dataclasses import replace

import pytest

from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment, Status, Step
from ocore.deployments.products import Snapped
from ocore.deployments.runner import run_deployment
from ocore.deployments.steps.room import shortage
from ocore.environments import Instance
from ocore.snapshots import Room
from ocore.snapshots.records import FailurePolicy, SnapshotSettings
from tests.deployments.world import LOANS, World, WorldLedger, deployment, rollback, toolbox

MIB = 1024**2
FULL = Room(strategy="template", database=1000 * MIB, needed=1000 * MIB, free=900 * MIB)


async def ended(
    world: World, asked: Deployment, settings: SnapshotSettings | None = None
) -> WorldLedger:
    ledger, tools = WorldLedger(asked), toolbox(world)
    if settings is not None:
        wanted = settings

        async def told(_instance: Instance) -> SnapshotSettings:
            return wanted

        tools = replace(tools, snapshot_settings=told)
    lease = await ledger.claim("w")
    await run_deployment(lease, ledger, tools)
    return ledger


@pytest.mark.parametrize("asked", [deployment(), rollback()], ids=["update", "rollback"])
async def test_what_has_no_room_for_its_snapshot_is_refused_untouched_and_with_numbers(
    asked: Deployment,
) -> None:
    world = World(room=FULL)
    before = world.seen()
    found = await ended(world, asked)
    assert found.ending is not None
    assert found.ending.status is Status.FAILED
    assert world.seen() == before
    assert not found.deployment.began(Step.SNAPSHOT)
    (finding,) = found.deployment.findings
    assert finding.cls == "disk.no_room"
    assert "900 MiB are free" in finding.excerpt
    assert finding.metadata["freeBytes"] == FULL.free
    failed = next(each for each in found.deployment.evidence if not each.passed)
    assert failed.gate is Gate.DATABASE_SNAPSHOT


@pytest.mark.parametrize(
    ("needed", "free", "copies", "missing"),
    [
        (1000, 1228, 1, None),
        (1000, 1227, 1, 1),
        (1000, 2227, 2, 1),
        (0, 228, 2, None),
        (0, 0, 1, 228),
        (1000, None, 2, None),
    ],
)
def test_room_is_for_the_copies_a_tenth_and_something_to_spare(
    needed: int, free: int | None, copies: int, missing: int | None
) -> None:
    room = Room(
        strategy="template",
        database=1000 * MIB,
        needed=needed * MIB,
        free=None if free is None else free * MIB,
    )
    expected = None if missing is None else missing * MIB
    assert shortage(room, copies=copies) == expected


async def test_lost_files_are_told_and_stop_nothing() -> None:
    found = await ended(World(lost_files=("ab/cd",)), deployment())
    assert found.ending is not None
    assert found.ending.status is Status.SUCCEEDED
    assert "data.file_lost" in [each.cls for each in found.deployment.findings]


def at_rest(*breaks: str) -> World:
    """Return a world in which the commit changes no module, and so no data."""
    return World(
        breaks=frozenset(breaks), checksums={"loans": LOANS.checksum}, version=LOANS.version
    )


async def test_without_auto_snapshots_only_a_change_of_data_takes_one() -> None:
    off = SnapshotSettings(auto_enabled=False)
    code = await ended(at_rest(), deployment(), off)
    data = await ended(World(), deployment(), off)
    for ledger in (code, data):
        assert ledger.ending is not None
        assert ledger.ending.status is Status.SUCCEEDED
    assert code.deployment.find(Snapped) is None
    assert data.deployment.find(Snapped) is not None


@pytest.mark.parametrize(
    ("policy", "world", "status"),
    [
        (FailurePolicy.FAIL, at_rest("snapshot"), Status.FAILED),
        (FailurePolicy.CONTINUE, at_rest("snapshot"), Status.SUCCEEDED),
        (FailurePolicy.CONTINUE, World(breaks=frozenset({"snapshot"})), Status.ROLLED_BACK),
    ],
    ids=["code, fail", "code, continue", "data, continue"],
)
async def test_a_failed_snapshot_may_be_done_without_only_where_no_data_changes(
    policy: FailurePolicy, world: World, status: Status
) -> None:
    found = await ended(world, deployment(), SnapshotSettings(failure_policy=policy))
    assert found.ending is not None
    assert found.ending.status is status, found.ending.error_message
