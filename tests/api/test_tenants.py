"""Every route there is, asked by somebody of another organization and by nobody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from litestar.routes import HTTPRoute

from ocore.access import Role
from ocore.api.app import create_app
from ocore.api.services import Services
from ocore.deployments.model import Trigger
from ocore.kit import clock
from ocore.storage.database import transaction
from tests.api.parts import Api
from tests.api.worker import queue

PUBLIC = {
    ("GET", "/api/health"),
    ("GET", "/api/public-key"),
    ("GET", "/api/docs"),
    ("GET", "/api/docs/start.js"),
    ("GET", "/api/docs/{name:str}"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/webhooks/git/{projectId:uuid}"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/openapi.json/openapi.json"),
    ("GET", "/api/openapi.json/{path:str}"),
}
OF_THE_CALLER = {("GET", "/api/projects"), ("POST", "/api/projects")}
"""These name nothing that could be somebody else's."""
SNAPSHOT = "01900000-0000-7000-8000-0000000000aa"
WAIVER = "01900000-0000-7000-8000-0000000000bb"
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/projects"): {"name": "Shop", "repositoryUrl": "/srv/x"},
    ("POST", "/api/projects/{projectId:uuid}/instances"): {"name": "Shop"},
    ("POST", "/api/projects/{projectId:uuid}/deploy"): {"branch": "main"},
    ("POST", "/api/projects/{projectId:uuid}/rollback"): {},
    ("PUT", "/api/environments/{environmentId:uuid}/snapshots/settings"): {"retentionDays": 9},
    ("POST", "/api/environments/{environmentId:uuid}/rollback"): {"snapshotId": SNAPSHOT},
    ("PUT", "/api/instances/{instanceId:uuid}/auto-deploy"): {"branchPattern": "main"},
    ("POST", "/api/projects/{projectId:uuid}/deployments/{deploymentId:uuid}/waivers"): {
        "gateKey": "code.secrets",
        "reason": "An example key",
        "confirmation": "code.secrets",
        "expiresAt": clock.rfc3339(clock.now() + timedelta(days=1)),
    },
}


def routes() -> Iterator[tuple[str, str]]:
    nothing: Any = dict.fromkeys(Services.__dataclass_fields__)
    for route in create_app(Services(**nothing)).routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is not covered here"
        for method in route.methods - {"OPTIONS"}:
            yield method, route.path


ALL = sorted(routes())
PROTECTED = [route for route in ALL if route not in PUBLIC]
NAMING = [route for route in PROTECTED if route not in OF_THE_CALLER]
MIXING = [
    (method, path)
    for method, path in NAMING
    if path.count("{") > 1 or path.endswith(("/rollback-targets", "/deploy", "/rollback"))
]
"""These name two things, which may be of two organizations."""


@dataclass(frozen=True)
class Ids:
    """What a path of acme's names."""

    project: str
    deployment: str
    instance: str
    snapshot: str
    rollback: str

    def url(self, path: str) -> str:
        found = path.replace("{projectId:uuid}", self.project)
        rollback = path.endswith("/rollback/progress")
        found = found.replace("{deploymentId:uuid}", self.rollback if rollback else self.deployment)
        found = found.replace("{environmentId:uuid}", self.instance)
        found = found.replace("{snapshotId:uuid}", self.snapshot)
        found = found.replace("{waiverId:uuid}", WAIVER)
        found = found.replace("{instanceId:uuid}", self.instance)
        assert not re.search(r"[{}]", found), f"say what {path} names"
        query = {
            "rollback-targets": f"?instanceId={self.instance}",
            "plan": f"?ref=main&instanceId={self.instance}",
        }
        return found + query.get(path.rpartition("/")[2], "")


@pytest.fixture(scope="module")
async def acmes(shared: Api) -> Ids:
    deployment, back = await queue(shared), await queue(shared, trigger=Trigger.ROLLBACK)
    async with transaction(shared.pool, shared.acme.organization_id) as connection:
        await connection.execute(
            "INSERT INTO snapshots (id, organization_id, instance_id, status, reason)"
            " VALUES (%s, %s, %s, 'available', 'manual')",
            [SNAPSHOT, shared.acme.organization_id, shared.acme.instance.id],
        )
        await connection.execute(
            "INSERT INTO waivers (id, organization_id, project_id, deployment_id, gate, scope,"
            " actor_id, actor, reason, confirmation, created_at, expires_at)"
            " VALUES (%s, %s, %s, %s, 'code.secrets', 'project', '', '', '', '', now(), now())",
            [WAIVER, shared.acme.organization_id, shared.acme.project.id, deployment.id],
        )
    return Ids(
        project=shared.acme.project.id,
        deployment=deployment.id,
        instance=shared.acme.instance.id,
        snapshot=SNAPSHOT,
        rollback=back.id,
    )


@pytest.mark.parametrize("route", NAMING, ids=" ".join)
async def test_what_belongs_to_another_organization_is_not_there(
    shared: Api, acmes: Ids, route: tuple[str, str]
) -> None:
    method, path = route
    answer = await shared.ask(
        method, acmes.url(path), json=BODIES.get(route), headers=shared.bearer(shared.other)
    )
    status, code, _ = answer.problem()
    assert status == 404
    assert code in {
        "project_not_found",
        "deployment_not_found",
        "instance_not_found",
        "environment_not_found",
    }


@pytest.mark.parametrize("route", MIXING, ids=" ".join)
async def test_a_path_that_mixes_two_organizations_leads_nowhere(
    shared: Api, acmes: Ids, route: tuple[str, str]
) -> None:
    method, path = route
    foreign = shared.other.instance.id if "environmentId" in path else acmes.instance
    mixed = replace(acmes, project=shared.other.project.id, instance=foreign)
    body = {**(BODIES.get(route) or {})}
    if path.endswith("/deploy"):
        body["instanceId"] = acmes.instance
    if path.endswith("{projectId:uuid}/rollback"):
        body["deploymentId"] = acmes.deployment
    for who in (shared.acme, shared.other):
        answer = await shared.ask(method, mixed.url(path), json=body, headers=shared.bearer(who))
        assert answer.problem()[0] == 404


@pytest.mark.parametrize("route", PROTECTED, ids=" ".join)
async def test_nobody_gets_in_without_a_token(
    shared: Api, acmes: Ids, route: tuple[str, str]
) -> None:
    method, path = route
    answer = await shared.ask(
        method, acmes.url(path), json=BODIES.get(route), headers={"Authorization": ""}
    )
    assert answer.problem() == (401, "token_missing", None)


@pytest.mark.parametrize("route", [r for r in PROTECTED if r[0] != "GET"], ids=" ".join)
async def test_what_changes_something_is_not_for_viewers(
    shared: Api, acmes: Ids, route: tuple[str, str]
) -> None:
    method, path = route
    viewer = shared.bearer(role=Role.VIEWER)
    answer = await shared.ask(method, acmes.url(path), json=BODIES.get(route), headers=viewer)
    assert answer.problem() == (403, "role_forbids", None)


async def test_the_owner_finds_it_all(shared: Api, acmes: Ids) -> None:
    for method, path in NAMING:
        if method == "GET" and not path.endswith(("/logs", "/progress")):
            # What has not ended is not vouched for.
            found = 409 if path.endswith("/evidence") else 200
            assert (await shared.get(acmes.url(path))).status == found, path


async def test_lists_hold_only_what_is_the_callers(shared: Api) -> None:
    mine = (await shared.get("/api/projects")).json["projects"]
    theirs = (await shared.get("/api/projects", headers=shared.bearer(shared.other))).json
    assert len(mine) == len(theirs["projects"]) == 2
    assert {each["id"] for each in mine}.isdisjoint(each["id"] for each in theirs["projects"])
    assert shared.acme.project.id in {each["id"] for each in mine}


def test_every_route_is_either_public_or_protected_and_none_is_forgotten() -> None:
    assert set(ALL) >= PUBLIC | OF_THE_CALLER
    assert len(NAMING) >= 15
