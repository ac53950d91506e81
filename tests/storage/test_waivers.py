"""Waivers on real records: what they let go on, and what comes between."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from ocore.deployments.evidence import EvidenceStatus, Gate
from ocore.deployments.ledger import Lease
from ocore.deployments.model import Deployment, Entry, Result, Status, Step
from ocore.deployments.pipeline import Hold, Waive, next_move
from ocore.deployments.waivers import AuditStatus, Scope, Waiver
from ocore.errors import Conflict, NotFound
from ocore.kit import clock, ids
from ocore.storage.database import transaction
from ocore.storage.views import TenantViews
from ocore.storage.waivers import TenantWaivers
from tests.deployments.journal import SHA, waiver
from tests.storage.records import Records, block, fail_a_gate, hold_of

KEY = Gate.CODE_SECRETS


def kept(records: Records, *, ahead: timedelta = timedelta()) -> TenantWaivers:
    return TenantWaivers(records.pool, records.acme.organization_id, lambda: clock.now() + ahead)


def new_waiver(asked: Deployment, scope: Scope = Scope.DEPLOYMENT, gate: Gate = KEY) -> Waiver:
    now = clock.now()
    return waiver(
        gate,
        id=ids.uuid7(),
        project_id=asked.project.id,
        deployment_id=asked.id,
        commit_sha=None,
        scope=scope,
        created_at=now,
        expires_at=now + timedelta(minutes=30),
    )


def unless_ended(deployment: Deployment) -> None:
    if deployment.status is not Status.BLOCKED:
        raise Conflict("it does not wait", code="deployment_ended")


def always(_deployment: Deployment) -> None:
    return None


async def waiting(records: Records, *, instance: int = 0) -> Deployment:
    asked = await records.ask(instance=instance)
    lease = await records.ledger().claim("w1")
    assert lease is not None
    assert lease.deployment_id == asked.id
    await block(records, lease)
    return asked


async def taken_up(records: Records) -> tuple[Lease, Deployment]:
    # A row that is locked just then is passed over, and found the next time.
    while (lease := await records.ledger().claim("w2")) is None:  # noqa: ASYNC110 - others write
        await asyncio.sleep(0.01)
    return lease, await records.ledger().load(lease)


def waived(deployment: Deployment) -> Entry:
    """Return the line that the runner would write now."""
    now = clock.now()
    move = next_move(deployment, now=now)
    assert isinstance(move, Waive)
    failed = next(item for item in deployment.evidence if item.blocks)
    item = replace(failed, status=EvidenceStatus.WAIVED, waiver=move.waivers[0])
    return Entry(step=move.step, result=Result.SUCCEEDED, at=now, attempt=1, evidence=(item,))


async def audited(records: Records, resource: str) -> list[str]:
    async with transaction(records.pool, records.acme.organization_id) as connection:
        rows = await connection.execute(
            "SELECT action FROM audit_log WHERE resource_id = %s ORDER BY id", [resource]
        )
        return [row[0] for row in await rows.fetchall()]


async def test_a_waiver_wakes_who_waits_for_it_and_is_used_up(records: Records) -> None:
    asked = await waiting(records)
    assert await records.ledger().claim("w2") is None
    given = await kept(records).give(new_waiver(asked), admit=always)
    assert given.commit_sha == SHA
    lease, deployment = await taken_up(records)
    assert deployment.waivers == (given,)
    grown = await records.ledger().waive(lease, waived(deployment))
    assert grown.settled(Step.VALIDATE)
    (used,) = await kept(records).of_deployment(asked.project.id, asked.id)
    assert used.audit_status(clock.now()) is AuditStatus.USED
    assert await audited(records, given.id) == ["waiver.created", "waiver.used"]
    views = TenantViews(records.pool, records.acme.organization_id)
    view = msgspec.json.decode(await views.view(asked.project.id, asked.id))
    assert [each["waiver"]["id"] for each in view["evidence"]] == [given.id]


async def test_a_waiver_of_another_gate_changes_nothing(records: Records) -> None:
    asked = await waiting(records)
    await kept(records).give(new_waiver(asked, gate=Gate.CODE_STATIC), admit=always)
    lease, deployment = await taken_up(records)
    move = next_move(deployment, now=clock.now())
    assert isinstance(move, Hold)
    await records.ledger().block(lease, deployment, move)
    assert await records.ledger().claim("w2") is None


async def test_a_waiver_that_came_before_the_wait_was_written_down_is_not_forgotten(
    records: Records,
) -> None:
    asked = await records.ask()
    lease = await records.ledger().claim("w1")
    assert lease is not None
    decided = await fail_a_gate(records, lease)
    await kept(records).give(new_waiver(asked), admit=always)
    await records.ledger().block(lease, decided, hold_of(decided))
    _, deployment = await taken_up(records)
    assert isinstance(next_move(deployment, now=clock.now()), Waive)


@pytest.mark.parametrize("over", ["expired", "revoked"])
async def test_a_waiver_that_is_over_when_it_would_be_used_is_refused(
    records: Records, over: str
) -> None:
    asked = await waiting(records)
    given = await kept(records).give(new_waiver(asked), admit=always)
    lease, deployment = await taken_up(records)
    entry = waived(deployment)
    if over == "expired":
        entry = replace(entry, at=given.expires_at)
    else:
        await kept(records).revoke(asked.project.id, given.id, by="ana", admit=lambda _: None)
        assert await audited(records, given.id) == ["waiver.created", "waiver.revoked"]
    unchanged = await records.ledger().waive(lease, entry)
    assert not unchanged.settled(Step.VALIDATE)
    assert isinstance(next_move(unchanged, now=entry.at), Hold)
    (shown,) = await kept(records).of_deployment(asked.project.id, asked.id)
    assert shown.used_at is None


async def test_a_waiver_and_a_cancel_at_once_end_as_one_of_them_says(records: Records) -> None:
    for _ in range(5):
        asked = await waiting(records)
        answers = await asyncio.gather(
            kept(records).give(new_waiver(asked), admit=unless_ended),
            records.acme.requests.request_cancel(asked.id, by="ana"),
            return_exceptions=True,
        )
        given, cancelled = answers
        assert isinstance(given, Waiver | Conflict), given
        assert msgspec.json.decode(cancelled)["status"] == "cancelled"  # type: ignore[arg-type]
        assert await records.ledger().claim("w2") is None


async def test_waivers_worker_and_second_thoughts_at_once_never_lock_each_other_out(
    records: Records,
) -> None:
    here, there = await waiting(records), await waiting(records, instance=1)
    both = [new_waiver(each, Scope.PROJECT) for each in (here, there)]
    given = await asyncio.gather(*(kept(records).give(each, admit=always) for each in both))

    async def use() -> None:
        lease, deployment = await taken_up(records)
        if isinstance(next_move(deployment, now=clock.now()), Waive):
            await records.ledger().waive(lease, waived(deployment))

    async def reconsider(each: Waiver) -> None:
        await kept(records).revoke(each.project_id, each.id, by="ana", admit=lambda _: None)

    await asyncio.gather(use(), reconsider(given[0]), use(), reconsider(given[1]))
    for each in await kept(records).of_deployment(here.project.id, here.id):
        assert each.revoked_at is not None


@pytest.mark.parametrize(
    ("scope", "counts"),
    [(Scope.DEPLOYMENT, False), (Scope.COMMIT, True), (Scope.PROJECT, True)],
)
async def test_a_waiver_of_a_commit_or_a_project_counts_for_later_deployments(
    records: Records, scope: Scope, *, counts: bool
) -> None:
    first = await waiting(records)
    await kept(records).give(new_waiver(first, scope), admit=always)
    await records.ask(instance=1)
    lease, earlier = await taken_up(records)
    assert earlier.id == first.id
    again = await records.ledger().claim("w3")
    assert again is not None
    failed = await fail_a_gate(records, again)
    assert isinstance(next_move(failed, now=clock.now()), Waive) is counts
    assert lease.deployment_id != failed.id


async def test_one_waiver_wakes_all_that_wait_for_it(records: Records) -> None:
    here, there = await waiting(records), await waiting(records, instance=1)
    await kept(records).give(new_waiver(here, Scope.COMMIT), admit=always)
    found = {(await taken_up(records))[1].id for _ in range(2)}
    assert found == {here.id, there.id}


async def test_a_refused_waiver_is_not_kept(records: Records) -> None:
    asked = await waiting(records)
    await records.acme.requests.request_cancel(asked.id, by="ana")
    with pytest.raises(Conflict):
        await kept(records).give(new_waiver(asked), admit=unless_ended)
    assert await kept(records).page(asked.project.id, limit=9, offset=0) == ((), 0)


async def test_a_page_of_waivers_holds_the_newest_first(records: Records) -> None:
    asked = await waiting(records)
    given = [await kept(records).give(new_waiver(asked), admit=always) for _ in range(3)]
    page, total = await kept(records).page(asked.project.id, limit=2, offset=0)
    assert ([each.id for each in page], total) == ([given[2].id, given[1].id], 3)


async def test_waivers_of_another_organization_are_not_there(records: Records) -> None:
    asked = await waiting(records)
    given = await kept(records).give(new_waiver(asked), admit=always)
    foreign = TenantWaivers(records.pool, records.other.organization_id, clock.now)
    for question in (
        foreign.give(new_waiver(asked), admit=always),
        foreign.revoke(asked.project.id, given.id, by="eve", admit=lambda _: None),
        foreign.of_deployment(asked.project.id, asked.id),
        foreign.page(asked.project.id, limit=9, offset=0),
        kept(records).revoke(asked.project.id, ids.uuid7(), by="ana", admit=lambda _: None),
    ):
        with pytest.raises(NotFound):
            await question
