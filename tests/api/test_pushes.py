"""Deploying on push: a branch is pushed, its host announces it, and an instance takes it."""

import asyncio
import hashlib
import hmac
import json
import subprocess
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from ocore.access import Role
from ocore.environments import Project
from ocore.kit import ids
from ocore.storage.database import transaction
from tests.api.parts import Answer, Api
from tests.api.worker import empty_world, work_off_for_real
from tests.deployments.world import World
from tests.git import commit_all, git

OWN = {"Authorization": ""}
"""Nobody signs in at this door."""


@dataclass
class Host:
    """One who keeps the repository and announces what is pushed, as GitHub does."""

    api: Api
    project: Project
    secret: str
    work: Path
    numbers: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"/api/webhooks/git/{self.project.id}"

    def push(self, message: str, branch: str = "main") -> str:
        """Push a commit to a branch with git, and return it."""
        (self.work / "loans" / "__init__.py").write_text(f"# {message}\n")
        sha = commit_all(self.work, message)
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return sha

    async def announce(
        self,
        sha: str,
        *,
        ref: str = "refs/heads/main",
        number: str | None = None,
        before: str = "0" * 40,
    ) -> Answer:
        """Tell of a push; the number is that of an earlier delivery that is sent again."""
        self.numbers.append(number or ids.uuid7())
        body = {"ref": ref, "before": before, "after": sha, "repository": {"name": "library"}}
        return await self.send(json.dumps(body).encode(), number=self.numbers[-1])

    async def send(self, body: bytes, *, number: str = "1", **headers: str) -> Answer:
        digest = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        sent = {
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": number,
            "X-Hub-Signature-256": f"sha256={digest}",
            "Content-Type": "application/json",
            **headers,
        }
        return await self.api.post(self.url, data=BytesIO(body), headers={**OWN, **sent})


async def take_pushes(api: Api, folder: Path, *, pattern: str = "main") -> Host:
    """Have acme's instance take pushes of a branch, and connect the one who announces them."""
    auto = f"/api/instances/{api.acme.instance.id}/auto-deploy"
    changed = await api.ask("PUT", auto, json={"branchPattern": pattern})
    assert (changed.status, changed.json["status"]) == (200, "active"), changed.body
    made = await api.post(f"{api.acme.path}/webhook/secret")
    assert made.status == 200, made.body
    work = folder / "work"
    await asyncio.to_thread(
        subprocess.run,
        ["git", "clone", "--quiet", "--branch=main", str(api.repository.path), str(work)],
        check=True,
    )
    return Host(api=api, project=api.acme.project, secret=made.json["secret"], work=work)


async def state(api: Api) -> Any:
    return (await api.get(f"/api/instances/{api.acme.instance.id}/auto-deploy")).json


async def total(api: Api) -> int:
    found: int = (await api.get(f"{api.acme.path}/deployments")).json["total"]
    return found


async def gone_live(host: Host, world: World, message: str) -> str:
    """Push a commit that goes live, and return it."""
    sha = host.push(message)
    (result,) = (await host.announce(sha)).json["results"]
    assert result["outcome"] == "queued", result
    world.checksums = {}
    assert await work_off_for_real(host.api, world) == result["deploymentId"]
    found = (await host.api.get(f"{host.api.acme.path}/deployments/{result['deploymentId']}")).json
    assert (found["status"], found["commitSha"]) == ("succeeded", sha), found["errorMessage"]
    return sha


async def test_a_push_is_deployed_and_what_was_rolled_back_is_not_deployed_again(
    api: Api, tmp_path: Path
) -> None:
    host, world = await take_pushes(api, tmp_path), empty_world()
    await gone_live(host, world, "Lend maps")
    bad = await gone_live(host, world, "Lend the library")
    first_time, before = host.numbers[-1], await total(api)

    back = (await api.post(f"{api.acme.path}/rollback", {})).json
    for _ in ("while it waits", "once it is done"):
        for number in (first_time, ids.uuid7()):
            answer = await host.announce(bad, number=number)
            (result,) = answer.json["results"]
            assert (answer.status, result["outcome"]) == (200, "paused")
            assert result["deploymentId"] is None
            assert result["pause"] == {
                "commitSha": bad,
                "deploymentId": back["id"],
                "since": back["createdAt"],
            }
        stands = await state(api)
        assert (stands["status"], stands["pauses"]) == ("paused", [result["pause"]])
        if (await api.get(f"{api.acme.path}/deployments/{back['id']}")).json["status"] == "queued":
            await work_off_for_real(api, world)
    assert await total(api) == before + 1

    by_hand = await api.post(f"{api.acme.path}/deploy", {"commitSha": bad})
    assert (by_hand.status, by_hand.json["triggerType"]) == (202, "manual")
    await api.post(f"{api.acme.path}/deployments/{by_hand.json['id']}/cancel")
    assert (await state(api))["status"] == "paused"

    newer = host.push("Lend no library")
    answer = await host.announce(newer)
    assert (answer.status, answer.json["results"][0]["outcome"]) == (202, "queued")
    assert ((await state(api))["status"], (await state(api))["pauses"]) == ("active", [])


async def test_a_pause_is_lifted_by_hand_and_that_is_in_the_audit_log(
    api: Api, tmp_path: Path
) -> None:
    host, world = await take_pushes(api, tmp_path), empty_world()
    resume = f"/api/instances/{api.acme.instance.id}/auto-deploy/resume"
    assert (await api.post(resume)).problem() == (409, "not_paused", None)
    await gone_live(host, world, "Lend maps")
    bad, world.checksums, world.breaks = host.push("Lend fire"), {}, frozenset({"update"})
    await host.announce(bad)
    failed = await work_off_for_real(api, world)
    ended = (await api.get(f"{api.acme.path}/deployments/{failed}")).json
    assert ended["status"] == "rolled_back"
    stands = await state(api)
    assert stands["pauses"] == [
        {"commitSha": bad, "deploymentId": failed, "since": ended["completedAt"]}
    ]
    assert (await host.announce(bad)).json["results"][0]["outcome"] == "paused"
    paused = host.numbers[-1]

    resumed = await api.post(resume, headers=api.bearer(role=Role.DEVELOPER))
    assert (resumed.status, resumed.json["status"]) == (200, "active")
    assert resumed.json["pauses"] == []
    async with transaction(api.pool, api.acme.organization_id) as connection:
        rows = await connection.execute(
            "SELECT actor FROM audit_log WHERE action = 'auto_deploy.resumed'"
        )
        assert await rows.fetchall() == [(api.acme.users[Role.DEVELOPER].user_id,)]
    again = await host.announce(bad, number=paused)
    assert (again.status, again.json["results"][0]["outcome"]) == (202, "queued")
    assert (await api.post(resume)).problem() == (409, "not_paused", None)


async def test_a_rollback_that_fails_too_pauses_as_well(api: Api, tmp_path: Path) -> None:
    host, world = await take_pushes(api, tmp_path), empty_world()
    for message in ("Lend maps", "Lend globes"):
        await gone_live(host, world, message)
    bad, world.checksums = host.push("Lend fire"), {}
    world.breaks = frozenset({"update", "stop"})
    await host.announce(bad)
    failed = await work_off_for_real(api, world)
    ended = (await api.get(f"{api.acme.path}/deployments/{failed}")).json
    assert ended["status"] == "failed"
    assert "The rollback failed too" in ended["errorMessage"]
    assert (await host.announce(bad)).json["results"][0]["outcome"] == "paused"


async def test_one_push_makes_one_deployment_however_often_it_is_announced(
    api: Api, tmp_path: Path
) -> None:
    host, world = await take_pushes(api, tmp_path), empty_world()
    sha = host.push("Lend maps")
    numbers = ["77", "77", "78", "79"]
    answers = await asyncio.gather(*(host.announce(sha, number=each) for each in numbers))
    outcomes = sorted(answer.json["results"][0]["outcome"] for answer in answers)
    assert outcomes == ["in_line", "in_line", "in_line", "queued"]
    (deployment,) = {answer.json["results"][0]["deploymentId"] for answer in answers}

    newer = host.push("Lend more maps")
    await host.announce(newer)
    superseded = await api.get(f"{api.acme.path}/deployments/{deployment}")
    assert superseded.json["status"] == "superseded"
    made_it = numbers[[answer.status for answer in answers].index(202)]
    (late,) = (await host.announce(sha, number=made_it)).json["results"]
    assert (late["outcome"], late["deploymentId"]) == ("repeated", deployment)
    assert await total(api) == 2
    await work_off_for_real(api, world)
    assert (await host.announce(newer)).json["results"][0]["outcome"] == "live"
    assert await total(api) == 2


async def test_a_rollback_that_waits_for_a_push_pauses_that(api: Api, tmp_path: Path) -> None:
    host, world = await take_pushes(api, tmp_path), empty_world()
    for message in ("Lend maps", "Lend globes"):
        await gone_live(host, world, message)
    bad = host.push("Lend fire")
    await host.announce(bad)
    back = (await api.post(f"{api.acme.path}/rollback", {})).json["id"]
    for left in ("both", "the rollback", "nothing"):
        (result,) = (await host.announce(bad)).json["results"]
        assert result["outcome"] == "paused", f"{left} to do"
        assert result["pause"]["deploymentId"] == back
        if left != "nothing":
            world.checksums = {}
            await work_off_for_real(api, world)


async def test_pushes_that_come_the_wrong_way_round_leave_the_newer_one(
    api: Api, tmp_path: Path
) -> None:
    host = await take_pushes(api, tmp_path)
    older, newer = host.push("Lend maps"), host.push("Lend more maps")
    assert (await host.announce(newer, before=older)).status == 202
    late = await host.announce(older, before=api.repository.second)
    assert (late.status, late.json["results"][0]["outcome"]) == (200, "outdated")
    back = await host.announce(older, before=newer)
    assert (back.status, back.json["results"][0]["outcome"]) == (202, "queued")


async def test_each_instance_takes_what_it_wants_of_a_push(api: Api, tmp_path: Path) -> None:
    host = await take_pushes(api, tmp_path)
    second = (await api.post(f"{api.acme.path}/instances", {"name": "Staging"})).json["id"]
    auto = f"/api/instances/{second}/auto-deploy"
    assert (await api.get(auto)).json == {
        "branchPattern": None,
        "enabled": False,
        "instanceId": second,
        "pauses": [],
        "status": "off",
        "updatedAt": None,
    }
    assert (await api.ask("PUT", auto, json={"branchPattern": "ma*"})).status == 200
    both = (await host.announce(host.push("Lend maps"))).json["results"]
    assert [each["instanceId"] for each in both] == [api.acme.instance.id, second]
    assert {each["outcome"] for each in both} == {"queued"}
    await api.ask("PUT", auto, json={"branchPattern": "ma*", "enabled": False})
    one = (await host.announce(host.push("Lend more maps"))).json["results"]
    assert [each["instanceId"] for each in one] == [api.acme.instance.id]
    maintenance = host.push("Lend less", "maintenance")
    answer = await host.announce(maintenance, ref="refs/heads/maintenance")
    assert answer.status == 200
    assert answer.json["results"] == [
        {
            "branch": "maintenance",
            "commitSha": maintenance,
            "deploymentId": None,
            "instanceId": None,
            "outcome": "ignored",
            "pause": None,
            "reason": "no instance deploys pushes to maintenance",
        }
    ]


async def test_tags_deletions_and_other_events_are_answered_with_why(
    api: Api, tmp_path: Path
) -> None:
    host = await take_pushes(api, tmp_path)
    for ref, sha, reason in (
        ("refs/tags/v1", api.repository.first, "is no branch"),
        ("refs/heads/main", "0" * 40, "was deleted"),
    ):
        answer = await host.announce(sha, ref=ref)
        (result,) = answer.json["results"]
        assert (answer.status, result["outcome"]) == (200, "ignored")
        assert reason in result["reason"]
    ping = await host.send(b'{"zen": "Design for failure."}', **{"X-GitHub-Event": "ping"})
    assert (ping.status, ping.json) == (200, {"event": "ping", "results": []})
    assert await total(api) == 0


async def test_gitlab_proves_itself_by_the_secret_alone(api: Api, tmp_path: Path) -> None:
    host = await take_pushes(api, tmp_path)
    body = {"object_kind": "push", "ref": "refs/heads/main", "after": host.push("Lend maps")}
    headers = {**OWN, "X-Gitlab-Event": "Push Hook", "X-Gitlab-Token": host.secret}
    answer = await api.post(host.url, body, headers=headers)
    assert (answer.status, answer.json["results"][0]["commitSha"]) == (202, body["after"])
    wrong = await api.post(host.url, body, headers={**headers, "X-Gitlab-Token": "guess"})
    assert wrong.problem() == (401, "delivery_not_proven", None)


async def test_nobody_learns_what_was_wrong_with_a_proof(api: Api, tmp_path: Path) -> None:
    host, body = await take_pushes(api, tmp_path), b'{"ref": "refs/heads/main"}'
    stranger = Host(api=api, project=api.acme.project, secret="guess", work=host.work)
    silent = Host(api=api, project=api.acme.second, secret=host.secret, work=host.work)
    foreign = Host(api=api, project=api.other.project, secret=host.secret, work=host.work)
    details = set()
    for sender in (stranger, silent, foreign):
        refused = await sender.send(body)
        assert refused.problem() == (401, "delivery_not_proven", None)
        details.add(refused.json["detail"].replace(sender.project.id, "…"))
    nowhere = await api.post(f"/api/webhooks/git/{ids.uuid7()}", data=body, headers=OWN)
    assert nowhere.problem() == (401, "delivery_not_proven", None)
    assert len(details) == 1


async def test_a_rotated_secret_is_shown_once_and_the_one_before_is_over(
    api: Api, tmp_path: Path
) -> None:
    host = await take_pushes(api, tmp_path)
    shown = await api.get(f"{api.acme.path}/webhook")
    assert (shown.json["secret"], shown.json["url"]) == (True, f"{api.url}{host.url}")
    assert host.secret.encode() not in shown.body
    fresh = await api.post(f"{api.acme.path}/webhook/secret")
    assert fresh.headers["Cache-Control"] == "no-store"
    assert fresh.json["secret"] != host.secret
    sha = host.push("Lend maps")
    assert (await host.announce(sha)).status == 401
    host.secret = fresh.json["secret"]
    assert (await host.announce(sha)).status == 202
    async with transaction(api.pool, "*") as connection:
        for table in ("webhooks", "audit_log", "deployments"):
            rows = await connection.execute(f"SELECT t::text FROM {table} t")
            assert not any(host.secret in row[0] for row in await rows.fetchall())


async def test_who_guesses_is_slowed_down_and_who_knows_is_not(api: Api, tmp_path: Path) -> None:
    host = await take_pushes(api, tmp_path)
    stranger = Host(api=api, project=host.project, secret="guess", work=host.work)
    statuses = [(await stranger.send(b"{}")).status for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused = await stranger.send(b"{}")
    assert refused.problem() == (429, "too_many_attempts", None)
    assert int(refused.headers["Retry-After"]) > 0
    assert (await host.announce(host.push("Lend maps"))).status == 202


async def test_a_large_push_is_taken_and_one_beyond_all_bounds_is_not(
    api: Api, tmp_path: Path
) -> None:
    host = await take_pushes(api, tmp_path)
    sha = host.push("Lend maps")
    files = [f"loans/models/{number}.py" for number in range(100_000)]
    body = {"ref": "refs/heads/main", "after": sha, "commits": [{"id": sha, "added": files}]}
    large = json.dumps(body).encode()
    assert len(large) > 2 * 1024**2
    assert (await host.send(large)).status == 202
    beyond = await host.send(b" " * 9 * 1024**2)
    assert beyond.problem() == (413, "body_too_large", None)
    assert (await host.send(b"{")).problem() == (400, "malformed_delivery", None)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "field_missing", "branchPattern"),
        ({"branchPattern": ""}, "malformed_field", "branchPattern"),
        ({"branchPattern": "a..b"}, "malformed_branch_pattern", "branchPattern"),
        ({"branchPattern": "release/?"}, "malformed_branch_pattern", "branchPattern"),
        ({"branchPattern": "[a-z]*"}, "malformed_branch_pattern", "branchPattern"),
        ({"branchPattern": "main", "enabled": "yes"}, "malformed_field", "enabled"),
        ({"branchPattern": "main", "priority": 1}, "unknown_field", "priority"),
    ],
)
async def test_a_setting_that_cannot_be(shared: Api, body: Any, code: str, field: str) -> None:
    auto = f"/api/instances/{shared.acme.instance.id}/auto-deploy"
    assert (await shared.ask("PUT", auto, json=body)).problem() == (400, code, field)
    assert (await shared.get(auto)).json["status"] == "off"
