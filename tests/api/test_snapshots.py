"""Snapshots and the way back to one, over HTTP. An environment has the id of its instance."""

import asyncio
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

from typer.testing import CliRunner

from ocore.access import Role
from ocore.cli.credentials import Session, save
from ocore.deployments.model import Status, Step
from ocore.deployments.pipeline import FLOW
from ocore.deployments.products import Inspected, Snapped
from ocore.kit import clock, ids
from ocore.main import app
from ocore.storage.chores import PostgresChores
from ocore.storage.database import transaction
from ocore.storage.ledger import PostgresLedger
from tests.api.following import all_events
from tests.api.parts import Answer, Api
from tests.api.worker import queue
from tests.deployments.journal import NO_PLAN, SNAPSHOT, UPDATE_PLAN, done
from tests.storage.records import ending, live_of

KEYS = {
    "id",
    "environmentId",
    "deploymentId",
    "status",
    "reason",
    "strategy",
    "sizeBytes",
    "files",
    "durationMs",
    "verified",
    "restoreTest",
    "offsite",
    "offsiteMessage",
    "pinned",
    "commitSha",
    "message",
    "createdAt",
    "completedAt",
}
SETTINGS = {"autoEnabled", "failurePolicy", "maxPinned", "retentionDays", "timeoutSeconds"}


def path(api: Api) -> str:
    return f"/api/environments/{api.acme.instance.id}"


async def deployed(api: Api, *, plan: Inspected = UPDATE_PLAN) -> str:
    """Take a deployment through its steps and return its id, which is its snapshot's too."""
    asked = await queue(api)
    ledger = PostgresLedger(api.pool, clock.now, lease_seconds=30.0)
    lease = await ledger.claim("w")
    assert lease is not None
    for line in done(await ledger.load(lease), *FLOW, plan=plan).journal:
        entry = line
        if line.step is Step.SNAPSHOT and line.artifact is not None:
            entry = replace(line, artifact=Snapped(snapshot=replace(SNAPSHOT, id=asked.id)))
        if entry.step is Step.SWITCH and entry.result == "succeeded":
            await ledger.go_live(lease, entry, live_of(asked))
        else:
            await ledger.append(lease, entry)
    await ledger.close(lease, ending(Status.SUCCEEDED))
    return asked.id


async def test_snapshots_are_listed_newest_first_with_all_keys(api: Api) -> None:
    first, second = await deployed(api), await deployed(api)
    page = (await api.get(f"{path(api)}/snapshots?limit=1")).json
    assert (page["total"], page["limit"], page["offset"]) == (2, 1, 0)
    (newest,) = page["snapshots"]
    assert set(newest) == KEYS
    assert newest["id"] == newest["deploymentId"] == second
    assert (newest["status"], newest["reason"]) == ("available", "deployment")
    assert newest["verified"] is True
    oldest = (await api.get(f"{path(api)}/snapshots?limit=1&offset=1")).json["snapshots"][0]
    assert (oldest["id"], oldest["commitSha"]) == (first, None)
    assert (await api.get(f"{path(api)}/snapshots/{first}")).json == oldest


async def test_one_may_be_asked_for_where_something_is_live(api: Api) -> None:
    refused = await api.post(f"{path(api)}/snapshots")
    assert refused.problem() == (409, "environment_empty", None)
    await deployed(api)
    answer = await api.post(f"{path(api)}/snapshots")
    assert answer.status == 202
    assert set(answer.json) == KEYS
    assert (answer.json["status"], answer.json["reason"]) == ("pending", "manual")
    assert answer.json["strategy"] is None


async def test_a_pinned_one_cannot_be_deleted(api: Api) -> None:
    one = f"{path(api)}/snapshots/{await deployed(api)}"
    assert (await api.post(f"{one}/pin")).json["pinned"] is True
    assert (await api.ask("DELETE", one)).problem() == (409, "snapshot_pinned", None)
    assert (await api.ask("DELETE", f"{one}/pin")).json["pinned"] is False
    deleted = await api.ask("DELETE", one)
    assert (deleted.status, deleted.json["status"]) == (202, "deleting")
    assert (await api.post(f"{one}/pin")).problem()[1] == "snapshot_not_available"


async def test_settings_have_defaults_and_change_one_by_one(api: Api) -> None:
    where = f"{path(api)}/snapshots/settings"
    before = (await api.get(where)).json
    assert set(before) == SETTINGS
    changed = await api.ask("PUT", where, json={"retentionDays": 7, "failurePolicy": "continue"})
    assert changed.status == 200
    expected = {**before, "retentionDays": 7, "failurePolicy": "continue"}
    assert changed.json == expected
    assert (await api.get(where)).json == expected
    for body, field in (
        ({"retentionDays": 0}, "retentionDays"),
        ({"failurePolicy": "shrug"}, "failurePolicy"),
        ({"color": 1}, "color"),
    ):
        assert (await api.ask("PUT", where, json=body)).problem()[::2] == (400, field)


async def test_what_a_snapshot_would_take_is_told(api: Api) -> None:
    answer = (await api.get(f"{path(api)}/snapshots/estimate")).json
    assert answer["totalBytes"] == answer["databaseBytes"] + answer["filestoreBytes"]
    assert (answer["strategy"], answer["neededBytes"], answer["freeBytes"]) == ("clone", 0, None)


async def test_a_rollback_to_a_snapshot_brings_the_code_that_served_it(api: Api) -> None:
    first, second = await deployed(api), await deployed(api)
    body = {"snapshotId": second, "createSafetySnapshot": True, "targetEnvironmentId": None}
    key = {"Idempotency-Key": "back"}
    answers = [await api.post(f"{path(api)}/rollback", body, headers=key) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202]
    assert answers[0].json == answers[1].json
    assert set(answers[0].json) == {"deploymentId", "environmentId", "message", "snapshotId"}
    rollback = answers[0].json["deploymentId"]
    shown = (await api.get(f"{api.acme.path}/deployments/{rollback}")).json
    assert (shown["triggerType"], shown["status"]) == ("rollback", "queued")
    (logged,) = (await api.get(f"{path(api)}/rollback-logs")).json["rollbackLogs"]
    assert (logged["deploymentId"], logged["snapshotId"]) == (rollback, second)
    assert (logged["targetDeploymentId"], logged["completedAt"]) == (first, None)
    one = f"{path(api)}/snapshots/{second}"
    assert (await api.ask("DELETE", one)).problem() == (409, "snapshot_needed", None)


async def test_what_cannot_be_gone_back_to_is_a_sentence(api: Api) -> None:
    first = await deployed(api)
    where = f"{path(api)}/rollback"
    for body, expected in (
        ({"snapshotId": ids.uuid7()}, (404, "snapshot_not_found", None)),
        ({"snapshotId": "newest"}, (400, "malformed_id", "snapshotId")),
        ({}, (400, "field_missing", "snapshotId")),
        ({"snapshotId": first}, (409, "snapshot_without_code", "snapshotId")),
    ):
        assert (await api.post(where, body)).problem() == expected
    asked = (await api.post(f"{path(api)}/snapshots")).json["id"]
    pending = await api.post(where, {"snapshotId": asked})
    assert pending.problem() == (409, "snapshot_not_available", "snapshotId")


async def test_data_goes_to_another_environment_of_the_project_but_never_to_production(
    api: Api, tmp_path: Path
) -> None:
    await deployed(api)
    snapshot = await deployed(api)
    body = {"name": "Staging", "environment": "staging"}
    staging = (await api.post(f"{api.acme.path}/instances", body)).json["id"]

    async def ask(target: str) -> Answer:
        wanted = {"snapshotId": snapshot, "targetEnvironmentId": target}
        return await api.post(f"{path(api)}/rollback", wanted)

    field = "targetEnvironmentId"
    for stranger in (ids.uuid7(), api.other.instance.id, api.acme.pair[0].id):
        assert (await ask(stranger)).problem() == (404, "environment_not_found", field)
    production = await api.production_instance()
    assert (await ask(production)).problem() == (422, "production_target", field)
    where = ("--environment", api.acme.instance.id, "--to", production)
    code, output = await ocore(api, tmp_path, "snapshot", "restore", snapshot, *where)
    assert (code, "production_target" in output) == (2, True), output
    assert (await ask(staging)).problem() == (409, "environment_empty", field)
    async with transaction(api.pool, "*") as connection:
        await connection.execute(
            "UPDATE instances SET live = (SELECT live FROM instances WHERE id = %s) WHERE id = %s",
            [api.acme.instance.id, staging],
        )
    assert (await ask(staging)).problem() == (409, "snapshot_not_proven", "snapshotId")
    async with transaction(api.pool, "*") as connection:
        await connection.execute("UPDATE snapshots SET proof = 'passed'")
    answer = await ask(staging)
    assert (answer.status, answer.json["environmentId"]) == (202, staging)
    rollback = answer.json["deploymentId"]
    shown = (await api.get(f"{api.acme.path}/deployments/{rollback}")).json
    assert (shown["instanceId"], shown["triggerType"]) == (staging, "rollback")
    (logged,) = (await api.get(f"/api/environments/{staging}/rollback-logs")).json["rollbackLogs"]
    assert (logged["deploymentId"], logged["snapshotId"]) == (rollback, snapshot)
    assert (await api.get(f"{path(api)}/rollback-logs")).json["rollbackLogs"] == []
    # What another environment goes back to is not thrown away meanwhile.
    one = f"{path(api)}/snapshots/{snapshot}"
    assert (await api.ask("DELETE", one)).problem() == (409, "snapshot_needed", None)
    survey = {kept.instance.id: kept for kept in await PostgresChores(api.pool).survey()}
    assert snapshot in survey[api.acme.instance.id].needed


async def test_what_a_rollback_would_take_is_told_before_it_is_done(api: Api) -> None:
    first, second = await deployed(api), await deployed(api)
    where = f"{api.acme.path}/rollback-targets?instanceId={api.acme.instance.id}"
    (target,) = (await api.get(where)).json["targets"]
    assert (target["deploymentId"], target["snapshotId"]) == (first, second)
    assert target["rollbackClass"] == "needs_data_restore"
    assert target["reasons"]
    answer = await api.post(f"{api.acme.path}/rollback", {"dryRun": True})
    assert answer.status == 200
    assert answer.json["deploymentId"] == first
    assert (answer.json["possible"], answer.json["rowsByTable"]) == (True, {"library_loan": 3})
    unknown = {"inserted": None, "updated": None, "deleted": None}
    assert answer.json["changesByTable"] == {"library_loan": unknown}
    listed = (await api.get(f"{path(api)}/rollback-logs")).json["rollbackLogs"]
    assert listed == [], "a dry run does nothing"
    code_only = {"mode": "code_only", "dryRun": True}
    preview = (await api.post(f"{api.acme.path}/rollback", code_only)).json
    assert (preview["possible"], preview["rowsByTable"]) == (False, {})
    refused = await api.post(f"{api.acme.path}/rollback", {"mode": "code_only"})
    assert refused.problem() == (422, "code_only_unsafe", "mode")


async def test_of_several_instances_the_one_that_is_named_goes_back(api: Api) -> None:
    first, _ = await deployed(api), await deployed(api)
    other = await api.production_instance()
    where, here = f"{api.acme.path}/rollback", {"instanceId": api.acme.instance.id}
    assert (await api.post(where, {})).problem() == (422, "instance_needed", "instanceId")
    named = await api.post(where, {**here, "dryRun": True})
    assert (named.status, named.json["deploymentId"]) == (200, first)
    contradicted = await api.post(where, {"deploymentId": first, "instanceId": other})
    assert contradicted.problem() == (422, "instance_contradicts", "instanceId")
    assert (await api.post(where, {"deploymentId": first, **here})).status == 202


async def test_code_alone_goes_back_where_no_deployment_changed_the_data(api: Api) -> None:
    await deployed(api)
    await deployed(api, plan=NO_PLAN)
    body = {"mode": "code_only"}
    answer = await api.post(f"{api.acme.path}/rollback", body)
    assert answer.status == 202
    (logged,) = (await api.get(f"{path(api)}/rollback-logs")).json["rollbackLogs"]
    assert (logged["deploymentId"], logged["snapshotId"]) == (answer.json["id"], None)


async def test_the_progress_of_a_rollback_is_a_stream_that_ends(api: Api) -> None:
    await deployed(api)
    target = await deployed(api)
    body = {"snapshotId": target}
    rollback = (await api.post(f"{path(api)}/rollback", body)).json["deploymentId"]
    ledger = PostgresLedger(api.pool, clock.now, lease_seconds=30.0)
    lease = await ledger.claim("w")
    assert lease is not None
    for line in done(await ledger.load(lease), Step.PREPARE).journal:
        await ledger.append(lease, line)
    await ledger.close(lease, ending(Status.FAILED))
    events = await all_events(api, f"/api/deployments/{rollback}/rollback/progress")
    assert [each.kind for each in events] == ["step", "step", "complete"]
    assert events[0].data["name"] == "Prepare restore"
    no_rollback = await api.get(f"/api/deployments/{target}/rollback/progress")
    assert no_rollback.problem() == (404, "deployment_not_found", None)


async def ocore(api: Api, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the command line as acme's owner; return its exit code and what it printed."""
    session = folder / "session.json"
    token = api.bearer()["Authorization"].removeprefix("Bearer ")
    save(session, Session(api_url=f"{api.url}/api", access_token=token))
    # In a thread of its own: the command runs a loop, and the API answers from this one.
    invoke = partial(CliRunner().invoke, env={"OCORE_SESSION_FILE": str(session)})
    result = await asyncio.to_thread(invoke, app, arguments)
    return result.exit_code, result.output


async def test_the_command_line_lists_takes_pins_and_deletes(api: Api, tmp_path: Path) -> None:
    kept, where = await deployed(api), ("--environment", api.acme.instance.id)
    code, output = await ocore(api, tmp_path, "snapshot", "create", *where)
    assert code == 0, output
    assert (await api.get(f"{path(api)}/snapshots/{output.strip()}")).json["status"] == "pending"
    for verb, expected in (("pin", 0), ("delete", 2), ("unpin", 0), ("delete", 0)):
        code, output = await ocore(api, tmp_path, "snapshot", verb, kept, *where)
        assert code == expected, output
    code, output = await ocore(api, tmp_path, "snapshot", "list", "--json", *where)
    found = {each["id"]: each["status"] for each in json.loads(output)["snapshots"]}
    assert (code, found[kept], len(found)) == (0, "deleting", 2)


async def test_a_viewer_looks_and_changes_nothing(api: Api) -> None:
    one = await deployed(api)
    viewer = api.bearer(role=Role.VIEWER)
    for where in ("snapshots", f"snapshots/{one}", "snapshots/settings", "snapshots/estimate"):
        assert (await api.get(f"{path(api)}/{where}", headers=viewer)).status == 200
    for method, where in (
        ("POST", "snapshots"),
        ("DELETE", f"snapshots/{one}"),
        ("POST", f"snapshots/{one}/pin"),
        ("DELETE", f"snapshots/{one}/pin"),
    ):
        answer = await api.ask(method, f"{path(api)}/{where}", headers=viewer)
        assert answer.problem() == (403, "role_forbids", None)
