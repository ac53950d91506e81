"""What is kept of instances, in the record."""

from dataclasses import replace
from importlib.resources import files

import pytest

from ocore.deployments.model import Entry, Result, Status, Step
from ocore.deployments.products import Reverted
from ocore.errors import Conflict, NotFound
from ocore.kit import clock, ids
from ocore.snapshots.records import (
    ChoreKind,
    Proof,
    SnapshotReason,
    SnapshotRecord,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.storage.chores import PostgresChores
from ocore.storage.database import transaction
from ocore.storage.snapshots import TenantCatalogue
from tests.deployments.journal import SNAPSHOT
from tests.storage.records import Records, block, ending


def catalogue(records: Records, *, of: str = "acme") -> TenantCatalogue:
    tenant = records.acme if of == "acme" else records.other
    return TenantCatalogue(records.pool, tenant.organization_id)


def instance_id(records: Records) -> str:
    return records.acme.instances[0].id


async def ask(records: Records) -> SnapshotRecord:
    wanted = SnapshotRecord(
        id=ids.uuid7(),
        instance_id=instance_id(records),
        status=SnapshotStatus.PENDING,
        reason=SnapshotReason.MANUAL,
        created_at=clock.now(),
    )
    return await catalogue(records).ask(wanted, by="ana")


async def prove_all(records: Records) -> None:
    """Let no snapshot wait for its restore test."""
    async with transaction(records.pool, "*") as connection:
        await connection.execute("UPDATE snapshots SET proof = 'passed'")


async def listed(records: Records) -> list[tuple[str, SnapshotStatus]]:
    found, total = await catalogue(records).page(instance_id(records), limit=100, offset=0)
    assert total == len(found)
    return [(each.id, each.status) for each in found]


async def test_a_deployments_snapshot_is_recorded_with_its_journal(records: Records) -> None:
    first, second = await records.ask(), await records.ask()
    await records.succeed(first)
    await records.succeed(second)
    assert await listed(records) == [
        (second.id, SnapshotStatus.AVAILABLE),
        (first.id, SnapshotStatus.AVAILABLE),
    ]
    found = await catalogue(records).snapshot(instance_id(records), second.id)
    assert found.live is not None
    assert found.live.deployment_id == first.id
    assert found.snapshot == replace(SNAPSHOT, id=second.id)
    assert (found.reason, found.deployment_id) == (SnapshotReason.DEPLOYMENT, second.id)


async def test_a_snapshot_that_took_its_databases_place_is_no_target_any_more(
    records: Records,
) -> None:
    for _ in range(2):
        await records.succeed(await records.ask())
    targets = await records.acme.requests.rollback_targets(records.acme.instances[0])
    assert len(targets) == 1
    await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w")
    assert lease is not None
    undone = Entry(
        step=Step.ROLL_BACK,
        result=Result.SUCCEEDED,
        at=clock.now(),
        attempt=1,
        artifact=Reverted(snapshot_id=targets[0].target.snapshot.id),
    )
    await ledger.append(lease, undone)
    assert (targets[0].target.snapshot.id, SnapshotStatus.RESTORED) in await listed(records)
    assert await records.acme.requests.rollback_targets(records.acme.instances[0]) == ()


async def test_what_is_asked_for_is_done_by_one_worker_and_taken_over_when_it_falls_silent(
    records: Records,
) -> None:
    await records.succeed(await records.ask())
    await prove_all(records)
    wanted = await ask(records)
    chores = PostgresChores(records.pool)
    silent = await chores.claim("w1", seconds=0)
    assert silent is not None
    assert silent.record.id == wanted.id
    chore = await chores.claim("w2", seconds=60)
    assert chore is not None
    assert chore.attempts == 2
    assert await chores.claim("w3", seconds=60) is None
    assert not await chores.renew(silent, seconds=60)
    assert await chores.renew(chore, seconds=60)
    await chores.finish(silent, SnapshotStatus.FAILED, snapshot=None, message="too late")
    taken = replace(SNAPSHOT, id=wanted.id)
    await chores.finish(chore, SnapshotStatus.AVAILABLE, snapshot=taken, message=None)
    found = await catalogue(records).snapshot(instance_id(records), wanted.id)
    assert (found.status, found.snapshot, found.message) == (SnapshotStatus.AVAILABLE, taken, None)


async def test_nothing_is_taken_while_a_deployment_is_at_work(records: Records) -> None:
    await records.succeed(await records.ask())
    await prove_all(records)
    wanted = await ask(records)
    await records.ask()
    ledger, chores = records.ledger(), PostgresChores(records.pool)
    lease = await ledger.claim("w")
    assert lease is not None
    assert await chores.claim("w", seconds=60) is None
    await ledger.close(lease, ending(Status.FAILED))
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    assert chore.record.id == wanted.id


async def test_data_is_never_recorded_with_the_code_of_another_moment(records: Records) -> None:
    await records.succeed(await records.ask())
    await prove_all(records)
    wanted = await ask(records)
    chores = PostgresChores(records.pool)
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    await records.succeed(await records.ask())
    await prove_all(records)
    taken = replace(SNAPSHOT, id=wanted.id)
    assert not await chores.finish(chore, SnapshotStatus.AVAILABLE, snapshot=taken, message=None)
    await chores.again(chore, seconds=0, message="a deployment went live meanwhile")
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    assert await chores.finish(chore, SnapshotStatus.AVAILABLE, snapshot=taken, message=None)


async def test_journals_that_are_older_than_the_record_are_taken_over(records: Records) -> None:
    for _ in range(2):
        await records.succeed(await records.ask())
    before = await catalogue(records).page(instance_id(records), limit=9, offset=0)
    script = (files("ocore.storage.migrations.versions") / "m0002_snapshots.sql").read_text()
    statement = script.partition("INSERT INTO snapshots")
    backfill = f"INSERT INTO snapshots{statement[2].partition(';')[0]}"
    async with transaction(records.pool, "*") as connection:
        await connection.execute("DELETE FROM snapshots")
        await connection.execute(backfill.encode())
    after = await catalogue(records).page(instance_id(records), limit=9, offset=0)
    assert [_without_times(each) for each in after[0]] == [
        _without_times(each) for each in before[0]
    ]
    assert len(after[0]) == 2


def _without_times(record: SnapshotRecord) -> SnapshotRecord:
    return replace(record, created_at=clock.now().min, completed_at=None)


async def test_what_was_taken_waits_for_its_restore_test_last(records: Records) -> None:
    deployment = await records.ask()
    await records.succeed(deployment)
    wanted = await ask(records)
    chores = PostgresChores(records.pool)
    claims = [await chores.claim("w", seconds=60) for _ in range(3)]
    assert [(chore.record.id, chore.kind) for chore in claims if chore] == [
        (wanted.id, ChoreKind.TAKE),
        (deployment.id, ChoreKind.PROVE),
    ]
    proving = claims[1]
    assert proving is not None
    await chores.proven(proving, Proof.PASSED, message=None)
    found = await catalogue(records).snapshot(instance_id(records), deployment.id)
    assert (found.status, found.proof) == (SnapshotStatus.AVAILABLE, Proof.PASSED)


async def test_a_restore_test_makes_way_for_deployments_of_its_instance_but_not_for_ever(
    records: Records,
) -> None:
    await records.succeed(await records.ask())
    await age(records, hours=0)
    ledger, chores = records.ledger(), PostgresChores(records.pool)
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    assert chore.kind is ChoreKind.PROVE
    await records.ask(instance=1)
    await records.ask()
    assert await ledger.claim("w") is not None
    assert not await chores.in_the_way(chore), "another instance's, and one that waits"
    lease = await ledger.claim("w")
    assert lease is not None
    assert await chores.in_the_way(chore)
    await chores.put_back(chore)
    assert await chores.claim("w", seconds=60) is None
    await block(records, lease)
    again = await chores.claim("w", seconds=60)
    assert again == chore, "blocked, it waits for a person; and no attempt was spent"
    await chores.put_back(again)
    await unblock(records)
    assert await ledger.claim("w") is not None
    assert await chores.claim("w", seconds=60) is None
    await age(records, hours=1)
    patient = await chores.claim("w", seconds=60)
    assert patient is not None
    assert not await chores.in_the_way(patient)


async def age(records: Records, *, hours: float) -> None:
    """Let all snapshots have been taken so long ago."""
    async with transaction(records.pool, "*") as connection:
        await connection.execute(
            "UPDATE snapshots SET completed_at = clock_timestamp() - make_interval(hours => %s)",
            [hours],
        )


async def unblock(records: Records) -> None:
    async with transaction(records.pool, "*") as connection:
        await connection.execute("UPDATE deployments SET wake_at = %s", [clock.now()])


@pytest.mark.parametrize(
    ("strategy", "status"),
    [("dump", SnapshotStatus.FAILED), ("clone", SnapshotStatus.AVAILABLE)],
)
async def test_a_dump_that_does_not_come_back_is_no_snapshot(
    records: Records, strategy: str, status: SnapshotStatus
) -> None:
    deployment = await records.ask()
    await records.succeed(deployment)
    async with transaction(records.pool, "*") as connection:
        await connection.execute(
            "UPDATE snapshots SET snapshot = jsonb_set(snapshot::jsonb, '{strategy}', %s)::json",
            [f'"{strategy}"'],
        )
    chores = PostgresChores(records.pool)
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    await chores.proven(chore, Proof.FAILED, message="3 rows instead of 4")
    found = await catalogue(records).snapshot(instance_id(records), deployment.id)
    assert (found.status, found.message) == (status, "3 rows instead of 4")


async def test_an_environment_that_was_never_live_has_nothing_to_keep(records: Records) -> None:
    with pytest.raises(Conflict, match="nothing was ever live"):
        await ask(records)


async def test_a_pinned_snapshot_is_not_deleted_and_pins_are_counted(records: Records) -> None:
    book, instance = catalogue(records), instance_id(records)
    await book.change_settings(instance, SnapshotSettings(max_pinned=1), by="ana")
    first, second = await records.ask(), await records.ask()
    await records.succeed(first)
    await records.succeed(second)
    for _ in range(2):
        assert (await book.pin(instance, first.id, pinned=True, by="ana")).pinned
    with pytest.raises(Conflict, match="maxPinned is 1"):
        await book.pin(instance, second.id, pinned=True, by="ana")
    with pytest.raises(Conflict, match="unpin it first"):
        await book.discard(instance, first.id, by="ana")
    await book.pin(instance, first.id, pinned=False, by="ana")
    discarded = await book.discard(instance, first.id, by="ana")
    assert discarded.status is SnapshotStatus.DELETING
    chores = PostgresChores(records.pool)
    chore = await chores.claim("w", seconds=60)
    assert chore is not None
    await chores.finish(chore, SnapshotStatus.DELETED, snapshot=None, message=None)
    assert await listed(records) == [(second.id, SnapshotStatus.AVAILABLE)]
    with pytest.raises(NotFound):
        await book.snapshot(instance, first.id)


async def test_what_a_deployment_at_work_needs_is_not_deleted(records: Records) -> None:
    for _ in range(2):
        await records.succeed(await records.ask())
    (found,) = await records.acme.requests.rollback_targets(records.acme.instances[0])
    target = found.target
    back = replace(await records.ask(), id=ids.uuid7(), target=target)
    await records.acme.requests.open(back, idempotency_key=None)
    with pytest.raises(Conflict, match=back.id):
        await catalogue(records).discard(instance_id(records), target.snapshot.id, by="ana")
    survey = {kept.instance.id: kept for kept in await PostgresChores(records.pool).survey()}
    kept = survey[instance_id(records)]
    assert {back.id, target.snapshot.id} <= kept.needed


async def test_the_next_rollbacks_snapshot_is_needed(records: Records) -> None:
    for _ in range(3):
        await records.succeed(await records.ask())
    targets = await records.acme.requests.rollback_targets(records.acme.instances[0])
    survey = {kept.instance.id: kept for kept in await PostgresChores(records.pool).survey()}
    kept = survey[instance_id(records)]
    assert kept.needed == {targets[0].target.snapshot.id}
    assert kept.records[0].id == targets[0].target.snapshot.id


async def test_a_foreign_snapshot_is_not_there(records: Records) -> None:
    deployment = await records.ask()
    await records.succeed(deployment)
    theirs, instance = catalogue(records, of="other"), instance_id(records)
    for attempt in (
        theirs.settings(instance),
        theirs.change_settings(instance, SnapshotSettings(), by="eve"),
        theirs.page(instance, limit=1, offset=0),
        theirs.snapshot(instance, deployment.id),
        theirs.pin(instance, deployment.id, pinned=True, by="eve"),
        theirs.discard(instance, deployment.id, by="eve"),
    ):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(NotFound):
        await theirs.discard(records.other.instances[0].id, deployment.id, by="eve")
