from dataclasses import replace

import msgspec
import pytest

from ocore.attestations import Statement, Subject
from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment, Status
from ocore.deployments.products import Pushed
from ocore.deployments.runner import run_deployment
from ocore.deployments.statement import PREDICATE_TYPE, statement_of
from ocore.errors import Conflict
from tests.deployments.journal import waiver
from tests.deployments.world import PROJECT, SHA, World, WorldLedger, deployment, rollback, toolbox

COMMIT = Subject(name=PROJECT.repository.url, digest={"gitCommit": SHA})


async def ended(asked: Deployment, world: World | None = None) -> Deployment:
    ledger = WorldLedger(asked)
    await run_deployment(await ledger.claim("w"), ledger, toolbox(world or World()))
    return ledger.deployment


async def test_a_statement_tells_all_that_is_known_and_always_the_same() -> None:
    live = await ended(deployment())
    stated = statement_of(live)
    assert stated.predicate_type == PREDICATE_TYPE
    assert stated.subjects == (COMMIT,)
    told = stated.predicate
    assert (told["id"], told["status"], told["updatedAt"]) == (
        live.id,
        "succeeded",
        told["completedAt"],
    )
    assert {step["name"] for step in told["steps"]} >= {"Validate", "Switch traffic"}
    assert {each["gateKey"] for each in told["evidence"]} >= {Gate.CODE_SECRETS}
    assert told["successVerdict"]["status"] == "clean"
    assert told["snapshot"]["id"] == told["snapshotId"] == live.id
    assert told["image"]["tag"] == told["imageTag"]
    assert told["instance"]["environment"] == "development"
    written = msgspec.json.encode(stated)
    assert msgspec.json.decode(written, type=Statement).subjects == stated.subjects
    assert msgspec.json.encode(statement_of(live)) == written


async def test_a_pushed_image_is_a_subject_by_its_digest() -> None:
    live = await ended(deployment(), World(registry="registry.example"))
    digest = "ab" * 32
    journal = tuple(
        replace(entry, artifact=Pushed(reference=f"registry.example/library@sha256:{digest}"))
        if isinstance(entry.artifact, Pushed)
        else entry
        for entry in live.journal
    )
    image = Subject(name="registry.example/library", digest={"sha256": digest})
    assert statement_of(replace(live, journal=journal)).subjects == (COMMIT, image)


async def test_who_accepted_what_is_told_in_full() -> None:
    asked = deployment()
    asked = replace(asked, instance=replace(asked.instance, environment="production"))
    given = waiver(Gate.CODE_SECRETS)
    live = await ended(
        replace(asked, waivers=(given,)), World(breaks=frozenset({Gate.CODE_SECRETS}))
    )
    (told,) = statement_of(live).predicate["waivers"]
    assert (told["id"], told["actorId"], told["gateKey"]) == (given.id, "ana", "code.secrets")
    assert told["usedAt"]


async def test_a_rollback_tells_what_it_restored() -> None:
    back = await ended(rollback())
    assert statement_of(back).predicate["restored"] == "earlier"


async def test_a_rollback_that_restored_nothing_does_not_say_it_did() -> None:
    asked = rollback()
    assert asked.target is not None
    target = replace(asked.target, restores_data=False)
    code_only = await ended(replace(asked, target=target))
    failed = await ended(rollback(), World(breaks=frozenset({"health"})))
    told = [statement_of(each).predicate for each in (code_only, failed)]
    assert [(each["status"], each["restored"]) for each in told] == [
        ("succeeded", None),
        ("rolled_back", None),
    ]


async def test_a_failure_is_vouched_for_as_well_where_its_commit_is_known() -> None:
    broken = await ended(deployment(), World(breaks=frozenset({"build"})))
    assert statement_of(broken).predicate["status"] == "failed"
    never = await ended(deployment(), World(breaks=frozenset({"fetch"})))
    with pytest.raises(Conflict, match="no commit was ever found"):
        statement_of(never)
    assert statement_of(replace(never, pinned_sha=SHA)).subjects == (COMMIT,)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.BLOCKED])
def test_what_may_still_change_is_not_vouched_for(status: Status) -> None:
    with pytest.raises(Conflict, match=f"it is {status}"):
        statement_of(replace(deployment(), status=status))
