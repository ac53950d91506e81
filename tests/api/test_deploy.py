import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.api.parts import Answer, Api
from tests.api.worker import empty_world, work_off


async def deploy(api: Api, key: str | None = None, **body: Any) -> Answer:
    headers = None if key is None else {"Idempotency-Key": key}
    return await api.post(f"{api.acme.path}/deploy", body or {"branch": "main"}, headers=headers)


async def total(api: Api) -> int:
    found: int = (await api.get(f"{api.acme.path}/deployments")).json["total"]
    return found


async def test_a_deployment_is_queued_at_the_commit_its_branch_has_now(api: Api) -> None:
    answer = await deploy(api)
    assert answer.status == 202
    assert answer.json["status"] == "queued"
    assert answer.json["commitSha"] == api.repository.second
    path = f"{api.acme.path}/deployments/{answer.json['id']}"
    assert (await api.get(path)).json == answer.json


async def test_the_same_key_with_the_same_body_is_the_same_deployment(api: Api) -> None:
    answers = await asyncio.gather(*(deploy(api, "pipeline-7") for _ in range(4)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert await total(api) == 1


async def test_the_same_key_with_another_body_is_a_conflict(api: Api) -> None:
    await deploy(api, "pipeline-7")
    refused = (409, "idempotency_key_reused", "Idempotency-Key")
    assert (await deploy(api, "pipeline-7", branch="next")).problem() == refused
    path = f"/api/projects/{api.acme.second.id}/deploy"
    body = {"branch": "main", "instanceId": api.acme.pair[0].id}
    headers = {"Idempotency-Key": "pipeline-7"}
    assert (await api.post(path, body, headers=headers)).problem() == refused
    assert await total(api) == 1


async def test_a_key_is_an_organizations_own(api: Api) -> None:
    mine = await deploy(api, "pipeline-7")
    headers = {**api.bearer(api.other), "Idempotency-Key": "pipeline-7"}
    theirs = await api.post(f"{api.other.path}/deploy", {"branch": "next"}, headers=headers)
    assert theirs.status == 202
    assert theirs.json["id"] != mine.json["id"]


async def test_a_refused_request_does_not_use_its_key_up(api: Api) -> None:
    assert (await deploy(api, "pipeline-7", branch="gone")).status == 422
    assert (await deploy(api, "pipeline-7")).status == 202


async def test_without_a_key_each_request_is_a_deployment(api: Api) -> None:
    assert (await deploy(api)).json["id"] != (await deploy(api)).json["id"]
    assert await total(api) == 2


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Take connections and say nothing."""
    done = asyncio.Event()

    async def wait(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await done.wait()
        writer.close()

    server = await asyncio.start_server(wait, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        done.set()
        server.close()


async def _project_at(api: Api, url: str) -> str:
    project = (await api.post("/api/projects", {"name": "Silent", "repositoryUrl": url})).json
    path = f"/api/projects/{project['id']}"
    assert (await api.post(f"{path}/instances", {"name": "silent"})).status == 201
    return path


async def test_a_repository_that_does_not_answer_keeps_nobody_waiting(api: Api) -> None:
    async with silent_server() as port:
        path = await _project_at(api, f"http://127.0.0.1:{port}/library.git")
        async with asyncio.timeout(6):
            waiting = asyncio.create_task(api.post(f"{path}/deploy", {"branch": "main"}))
            assert (await api.get(path)).status == 200
            answer = await waiting
    assert answer.status == 202
    assert (answer.json["status"], answer.json["commitSha"]) == ("queued", None)


async def test_a_repository_that_is_not_there_fails_later_in_words(api: Api) -> None:
    path = await _project_at(api, "/srv/no/such/library")
    answer = await api.post(f"{path}/deploy", {"branch": "main"})
    assert (answer.status, answer.json["commitSha"]) == (202, None)


async def test_nothing_is_rolled_back_to_before_there_is_something(api: Api) -> None:
    refused = await api.post(f"{api.acme.path}/rollback", {})
    assert refused.problem() == (409, "nothing_to_roll_back_to", None)


async def test_what_can_be_rolled_back_to_is_listed_and_nothing_else_is_taken(api: Api) -> None:
    world, done = empty_world(), []
    for _ in range(2):
        world.checksums = {}
        await deploy(api)
        done.append(await work_off(api, world))
    await deploy(api)
    world.breaks = frozenset({"build"})
    failed = await work_off(api, world)
    query = f"?instanceId={api.acme.instance.id}"
    targets = (await api.get(f"{api.acme.path}/rollback-targets{query}")).json["targets"]
    assert [target["deploymentId"] for target in targets] == [done[0]]
    for other in (done[1], failed):
        refused = await api.post(f"{api.acme.path}/rollback", {"deploymentId": other})
        assert refused.problem() == (409, "not_a_rollback_target", "deploymentId")
        assert done[0] in refused.json["detail"]
    accepted = await api.post(f"{api.acme.path}/rollback", {"deploymentId": done[0].upper()})
    assert (accepted.status, accepted.json["triggerType"]) == (202, "rollback")


async def test_a_rollback_honours_its_key_too(api: Api) -> None:
    world = empty_world()
    for _ in range(2):
        world.checksums = {}
        await deploy(api)
        await work_off(api, world)
    headers = {"Idempotency-Key": "undo-7"}
    path = f"{api.acme.path}/rollback"
    one, two = [await api.post(path, {}, headers=headers) for _ in range(2)]
    assert one.json["id"] == two.json["id"]
    assert (await deploy(api, "undo-7")).problem()[1] == "idempotency_key_reused"


async def test_a_deployment_that_has_ended_cannot_be_cancelled(api: Api) -> None:
    await deploy(api)
    path = f"{api.acme.path}/deployments/{await work_off(api, empty_world())}/cancel"
    preview = await api.get(path)
    assert (preview.status, preview.json["effect"]) == (200, "no")
    assert (await api.post(path)).problem() == (409, "not_cancellable", None)


async def test_what_a_cancel_would_do_is_told_before_it_is_done(api: Api) -> None:
    path = f"{api.acme.path}/deployments/{(await deploy(api)).json['id']}"
    assert (await api.get(f"{path}/cancel")).json["effect"] == "yes"
    assert (await api.get(path)).json["status"] == "queued"
    cancelled = await api.post(f"{path}/cancel")
    assert (cancelled.status, cancelled.json["status"]) == (202, "cancelled")


async def test_a_page_is_a_part_of_the_list(api: Api) -> None:
    ids = [(await deploy(api)).json["id"] for _ in range(5)]
    path = f"{api.acme.path}/deployments"
    page = (await api.get(f"{path}?limit=2&offset=1")).json
    assert [each["id"] for each in page["deployments"]] == [ids[3], ids[2]]
    assert (page["limit"], page["offset"], page["total"]) == (2, 1, 5)
    whole = (await api.get(path)).json
    assert [each["id"] for each in whole["deployments"]] == ids[::-1]
    assert (whole["limit"], whole["offset"]) == (20, 0)


async def test_a_credential_in_an_address_is_kept_and_never_shown(api: Api) -> None:
    url = "https://bot:hunter2secret@git.example/acme/modules.git"
    made = await api.post("/api/projects", {"name": "Private", "repositoryUrl": url})
    assert made.json["repositoryUrl"] == "https://git.example/acme/modules.git"
    again = await api.get(f"/api/projects/{made.json['id']}")
    assert b"hunter2secret" not in made.body + again.body
    stored = await api.acme.requests.project(made.json["id"])
    assert stored.repository.password == "hunter2secret"
