import asyncio

import msgspec
import pytest

from ocore.deployments.model import Status, Step, Trigger
from ocore.deployments.products import Fetched
from ocore.errors import Conflict, LeaseLost, NotFound
from ocore.storage.database import open_pool
from ocore.storage.views import TenantViews
from tests.deployments.journal import COMMIT, begun, done
from tests.storage.records import Records, block, ending, fail_a_gate, hold_of, new_deployment


async def test_a_deployment_comes_back_as_it_was_written(records: Records) -> None:
    asked = await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    grown = done(await ledger.load(lease), Step.FETCH)
    for entry in grown.journal:
        await ledger.append(lease, entry)
    loaded = await ledger.load(lease)
    assert loaded == grown
    assert loaded.produced(Fetched).commit == COMMIT
    assert (loaded.id, loaded.status) == (asked.id, Status.RUNNING)


async def test_deployments_of_one_instance_are_served_in_order_one_at_a_time(
    records: Records,
) -> None:
    first, second = await records.ask(), await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    assert lease.deployment_id == first.id
    assert await ledger.claim("w2") is None
    await ledger.close(lease, ending(Status.FAILED))
    following = await ledger.claim("w2")
    assert following is not None
    assert following.deployment_id == second.id


async def test_different_instances_are_served_side_by_side(records: Records) -> None:
    one, two = await records.ask(instance=0), await records.ask(instance=1)
    claims = [await records.ledger().claim(worker) for worker in ("w1", "w2")]
    assert [lease.deployment_id for lease in claims if lease] == [one.id, two.id]


async def test_many_workers_at_once_never_share_a_deployment(records: Records) -> None:
    for instance in (0, 1):
        for _ in range(3):
            await records.ask(instance=instance)
    ledger = records.ledger()
    claims = await asyncio.gather(*(ledger.claim(f"w{number}") for number in range(8)))
    taken = [lease.deployment_id for lease in claims if lease]
    assert len(taken) == len(set(taken)) <= 2


async def test_a_silent_worker_is_taken_over_and_fenced(records: Records) -> None:
    await records.ask()
    ledger = records.ledger(lease_seconds=0.05)
    old = await ledger.claim("w1")
    assert old is not None
    await ledger.append(old, begun(await ledger.load(old), Step.FETCH).journal[-1])
    await asyncio.sleep(0.1)
    new = await ledger.claim("w2")
    assert new is not None
    assert (new.deployment_id, new.term) == (old.deployment_id, old.term + 1)
    journal = (await ledger.load(new)).journal
    for write in (
        ledger.renew(old),
        ledger.append(old, journal[-1]),
        ledger.close(old, ending(Status.FAILED)),
        ledger.load(old),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert (await ledger.load(new)).journal == journal


async def test_a_renewed_lease_is_not_taken_over(records: Records) -> None:
    await records.ask()
    ledger = records.ledger(lease_seconds=0.3)
    lease = await ledger.claim("w1")
    assert lease is not None
    for _ in range(4):
        await asyncio.sleep(0.15)
        await ledger.renew(lease)
    assert await ledger.claim("w2") is None


async def test_followers_get_every_event_once_and_complete_last(records: Records) -> None:
    asked = await records.ask()
    await records.succeed(asked)
    views = TenantViews(records.pool, records.acme.organization_id)
    events = await views.events(asked.id, after=0)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.kind for event in events[-2:]] == ["step", "complete"]
    assert await views.events(asked.id, after=events[-1].seq) == ()


async def test_what_was_live_is_fixed_by_the_first_claim(records: Records) -> None:
    first = await records.ask()
    await records.succeed(first)
    await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    previous = (await ledger.load(lease)).previous
    assert previous is not None
    assert previous.deployment_id == first.id


async def test_who_asks_is_told_what_serves_an_instance(records: Records) -> None:
    requests, instance = records.acme.requests, records.acme.instances[0]
    assert await requests.live(instance) is None
    first = await records.ask()
    await records.succeed(first)
    live = await requests.live(instance)
    assert live is not None
    assert live.deployment_id == first.id


async def test_a_queued_deployment_is_cancelled_at_once_a_running_one_is_told(
    records: Records,
) -> None:
    running, queued = await records.ask(), await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    view = msgspec.json.decode(await records.acme.requests.request_cancel(queued.id, by="ana"))
    assert view["status"] == "cancelled"
    await records.acme.requests.request_cancel(running.id, by="ana")
    assert await ledger.renew(lease) is True
    assert (await ledger.load(lease)).cancel_requested


async def test_a_newer_push_supersedes_older_pushes_that_wait_and_nothing_else(
    records: Records,
) -> None:
    manual = await records.ask(trigger=Trigger.MANUAL)
    old = await records.ask(trigger=Trigger.WEBHOOK)
    new = await records.ask(trigger=Trigger.WEBHOOK)
    project = records.acme.project.id
    found = [
        (await records.acme.requests.deployment(project, each.id)).status
        for each in (manual, old, new)
    ]
    assert found == [Status.QUEUED, Status.SUPERSEDED, Status.QUEUED]


async def test_the_same_key_returns_the_first_answer_and_makes_one_deployment(
    records: Records,
) -> None:
    requests = records.acme.requests
    asked = [new_deployment(records.acme) for _ in range(4)]
    answers = await asyncio.gather(
        *(requests.open(each, idempotency_key="pipeline-7") for each in asked)
    )
    assert len({msgspec.json.decode(answer)["id"] for answer in answers}) == 1
    other = new_deployment(records.acme, instance=1)
    with pytest.raises(Conflict, match="another request"):
        await requests.open(other, idempotency_key="pipeline-7")


async def test_the_data_of_a_target_is_the_snapshot_of_its_successor(records: Records) -> None:
    one, two, three = [await records.ask() for _ in range(3)]
    for each in (one, two, three):
        await records.succeed(each)
    targets = await records.acme.requests.rollback_targets(records.acme.instances[0])
    assert [(each.target.deployment_id, each.target.snapshot.id) for each in targets] == [
        (two.id, three.id),
        (one.id, two.id),
    ]


async def test_a_foreign_deployment_is_not_there(records: Records) -> None:
    asked = await records.ask()
    with pytest.raises(NotFound):
        await records.other.requests.deployment(records.acme.project.id, asked.id)
    with pytest.raises(NotFound):
        await records.other.requests.request_cancel(asked.id, by="ana")
    views = TenantViews(records.pool, records.other.organization_id)
    with pytest.raises(NotFound):
        await views.view(records.acme.project.id, asked.id)
    assert await views.events(asked.id, after=0) == ()


async def test_a_page_holds_the_newest_first_and_counts_them_all(records: Records) -> None:
    asked = [await records.ask() for _ in range(3)]
    views = TenantViews(records.pool, records.acme.organization_id)
    page = msgspec.json.decode(await views.page(records.acme.project.id, limit=2, offset=0))
    assert [each["id"] for each in page["deployments"]] == [asked[2].id, asked[1].id]
    assert (page["total"], page["limit"], page["offset"]) == (3, 2, 0)
    rest = msgspec.json.decode(await views.page(records.acme.project.id, limit=2, offset=3))
    assert rest["deployments"] == []


async def test_a_worker_frozen_within_a_transaction_cannot_keep_others_out(
    records: Records, conninfo: str
) -> None:
    await records.ask()
    ledger = records.ledger(lease_seconds=0.1)
    lease = await ledger.claim("one")
    assert lease
    async with open_pool(conninfo, freeze_seconds=0.5) as frozen_pool:
        frozen = await frozen_pool.getconn()
        await frozen.execute("BEGIN")
        await frozen.execute("SELECT set_config('ocore.organization', '*', true)")
        await frozen.execute("SELECT 1 FROM instances FOR UPDATE")
        await frozen.execute("SELECT 1 FROM deployments FOR UPDATE")
        assert await ledger.claim("two") is None
        await asyncio.sleep(1)
        taken = await ledger.claim("two")
        assert taken
        assert taken.term > lease.term
        await frozen_pool.putconn(frozen)


async def test_a_blocked_deployment_is_held_by_nobody_and_keeps_others_waiting(
    records: Records,
) -> None:
    first, _second = await records.ask(), await records.ask()
    elsewhere = await records.ask(instance=1)
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    await block(records, lease)
    with pytest.raises(LeaseLost):
        await ledger.renew(lease)
    other = await ledger.claim("w1")
    assert other is not None
    assert other.deployment_id == elsewhere.id
    assert await ledger.claim("w2") is None
    views = TenantViews(records.pool, records.acme.organization_id)
    view = msgspec.json.decode(await views.view(records.acme.project.id, first.id))
    assert (view["status"], view["completedAt"]) == ("blocked", None)
    assert "for a waiver of code.secrets, or a cancel" in view["errorMessage"]
    event = (await views.events(first.id, after=0))[-1]
    assert event.kind == "blocked"
    assert msgspec.json.decode(event.data)["gates"] == ["code.secrets"]


async def test_a_cancel_ends_a_blocked_deployment_at_once_and_the_next_one_runs(
    records: Records,
) -> None:
    first, second = await records.ask(), await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    await block(records, lease)
    view = msgspec.json.decode(await records.acme.requests.request_cancel(first.id, by="ana"))
    assert view["status"] == "cancelled"
    following = await ledger.claim("w2")
    assert following is not None
    assert following.deployment_id == second.id


async def test_a_cancel_that_came_before_the_wait_was_written_down_is_not_forgotten(
    records: Records,
) -> None:
    asked = await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    decided = await fail_a_gate(records, lease)
    await records.acme.requests.request_cancel(asked.id, by="ana")
    await ledger.block(lease, decided, hold_of(decided))
    again = await ledger.claim("w2")
    assert again is not None
    assert (await ledger.load(again)).cancel_requested


async def test_the_end_of_the_wait_is_noticed_by_whoever_claims_next(records: Records) -> None:
    asked = await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    await block(records, lease, hours=-1)
    again = await ledger.claim("w2")
    assert again is not None
    assert (again.deployment_id, again.term) == (asked.id, lease.term + 1)
    taken = await ledger.load(again)
    assert (taken.status, taken.error_message) == (Status.RUNNING, None)
    assert taken.started_at is not None


async def test_a_newer_push_takes_the_place_of_a_blocked_one(records: Records) -> None:
    await records.ask(trigger=Trigger.WEBHOOK)
    ledger = records.ledger()
    lease = await ledger.claim("w1")
    assert lease is not None
    await block(records, lease)
    fixed = await records.ask(trigger=Trigger.WEBHOOK)
    following = await ledger.claim("w1")
    assert following is not None
    assert following.deployment_id == fixed.id
