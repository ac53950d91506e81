"""What the record of deployments says about pauses, and who may know about webhooks."""

from dataclasses import replace

import pytest

from ocore.deployments.autodeploy import AutoDeploy, pauses_of
from ocore.deployments.model import Deployment, Status, Trigger
from ocore.environments import Instance
from ocore.errors import NotFound
from ocore.kit import clock, ids
from ocore.storage.autodeploys import TenantAutoDeploys, find_hook
from ocore.storage.database import transaction
from tests.deployments.world import rollback
from tests.storage.records import Records, ending, new_deployment

BAD, GOOD = "b" * 40, "a" * 40


def kept(records: Records) -> TenantAutoDeploys:
    return TenantAutoDeploys(records.pool, records.acme.organization_id)


async def paused(records: Records) -> list[tuple[str, str]]:
    _, standing = await kept(records).state(records.acme.instances[0].id)
    return [(each.deployment_id, each.commit_sha) for each in pauses_of(standing)]


async def run(records: Records, deployment: Deployment, status: Status, sha: str) -> str:
    """Queue a deployment and let it end so, at this commit; return its id."""
    ledger = records.ledger()
    pinned = replace(deployment, pinned_sha=sha)
    await records.acme.requests.open(pinned, idempotency_key=None)
    lease = await ledger.claim("w")
    assert lease is not None
    if status is Status.SUCCEEDED:
        async with transaction(records.pool, "*") as connection:
            await connection.execute(
                "UPDATE instances SET live = json_build_object('deployment_id', %s::text,"
                " 'commit_sha', %s::text, 'image', 'x', 'colour', 'blue') WHERE id = %s",
                [deployment.id, sha, deployment.instance.id],
            )
    await ledger.close(lease, ending(status))
    return deployment.id


def asked(records: Records, trigger: Trigger = Trigger.API) -> Deployment:
    return new_deployment(records.acme, trigger=trigger)


def back(records: Records, *, source: Instance | None = None) -> Deployment:
    target = rollback(source=source).target
    assert target is not None
    to = replace(target, commit=replace(target.commit, sha=GOOD))
    return replace(asked(records, Trigger.ROLLBACK), target=to, created_at=clock.now())


async def test_what_somebody_deployed_again_stays_so_once_it_is_replaced(records: Records) -> None:
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    went = await run(records, back(records), Status.SUCCEEDED, GOOD)
    assert await paused(records) == [(went, BAD)]
    await run(records, asked(records), Status.FAILED, BAD)
    assert await paused(records) == [(went, BAD)]
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    assert await paused(records) == []
    await run(records, asked(records), Status.SUCCEEDED, GOOD)
    assert await paused(records) == []


async def test_a_rollback_that_went_nowhere_pauses_nothing(records: Records) -> None:
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    for status in (Status.FAILED, Status.ROLLED_BACK, Status.CANCELLED):
        await run(records, back(records), status, GOOD)
        assert await paused(records) == []
    await run(records, asked(records), Status.SUCCEEDED, GOOD)
    assert await paused(records) == []


async def test_another_environments_data_says_nothing_about_the_code(records: Records) -> None:
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    other = records.acme.instances[1]
    await run(records, back(records, source=other), Status.SUCCEEDED, GOOD)
    assert await paused(records) == []


async def test_a_resume_lifts_what_was_known_and_nothing_later(records: Records) -> None:
    instance = records.acme.instances[0].id
    setting = AutoDeploy(instance_id=instance, enabled=True, branch_pattern="main")
    await kept(records).change(setting, by="ana")
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    first = await run(records, asked(records), Status.ROLLED_BACK, "c" * 40)
    second = await run(records, back(records), Status.SUCCEEDED, GOOD)
    assert await paused(records) == [(second, BAD), (first, "c" * 40)]
    await kept(records).resume(instance, rollback_id=first, by="ana")
    assert await paused(records) == [(second, BAD)]
    await kept(records).resume(instance, rollback_id=second, by="ana")
    assert await paused(records) == []
    found, _ = await kept(records).state(instance)
    assert (found.enabled, found.branch_pattern) == (True, "main")


async def test_other_pushes_end_a_pause_and_other_instances_know_nothing_of_it(
    records: Records,
) -> None:
    await run(records, asked(records), Status.SUCCEEDED, BAD)
    went = await run(records, back(records), Status.SUCCEEDED, GOOD)
    elsewhere = new_deployment(records.acme, instance=1, trigger=Trigger.WEBHOOK)
    await run(records, elsewhere, Status.SUCCEEDED, "c" * 40)
    assert await paused(records) == [(went, BAD)]
    await run(records, asked(records, Trigger.WEBHOOK), Status.FAILED, "c" * 40)
    assert await paused(records) == []


async def test_a_webhook_is_found_by_everybody_and_kept_by_its_own(records: Records) -> None:
    project = records.acme.project.id
    assert await kept(records).hook(project) is None
    assert await find_hook(records.pool, project) is None
    first = await kept(records).rotate(project, version=ids.uuid7(), by="ana")
    second = await kept(records).rotate(project, version=ids.uuid7(), by="ana")
    assert first.version != second.version
    assert await find_hook(records.pool, project) == second == await kept(records).hook(project)
    assert second.organization_id == records.acme.organization_id
    others = TenantAutoDeploys(records.pool, records.other.organization_id)
    for refused in (
        others.hook(project),
        others.rotate(project, version=ids.uuid7(), by="eve"),
        others.state(records.acme.instances[0].id),
        others.resume(records.acme.instances[0].id, rollback_id=ids.uuid7(), by="eve"),
        others.change(
            AutoDeploy(instance_id=records.acme.instances[0].id, branch_pattern="x"), by="eve"
        ),
    ):
        with pytest.raises(NotFound):
            await refused
    assert await others.of_project(project) == ()
