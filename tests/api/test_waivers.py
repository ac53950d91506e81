"""Waivers over HTTP: who may accept what, and what becomes of the deployment."""

from datetime import timedelta
from typing import Any

import pytest

from ocore.access import Role
from ocore.kit import clock, ids
from tests.api.parts import Api
from tests.api.worker import empty_world, work_off
from tests.deployments.world import SHA, World

TOMORROW = clock.rfc3339(clock.now() + timedelta(days=1))
YES = {
    "gateKey": "code.secrets",
    "reason": "An example key, revoked in 2024",
    "confirmation": "code.secrets",
    "expiresAt": TOMORROW,
}


async def blocked(api: Api, world: World, *gates: str) -> str:
    """Return the path of a deployment that waits for waivers of these gates."""
    world.breaks = frozenset(gates or {"code.secrets"})
    body = {"branch": "main", "instanceId": await api.production_instance()}
    asked = await api.post(f"{api.acme.path}/deploy", body)
    assert asked.status == 202, asked.body
    assert await work_off(api, world) == asked.json["id"]
    path = f"{api.acme.path}/deployments/{asked.json['id']}"
    assert (await api.get(path)).json["status"] == "blocked"
    return path


async def test_a_waived_deployment_goes_live_and_says_so(api: Api) -> None:
    world = empty_world()
    path = await blocked(api, world)
    given = await api.post(f"{path}/waivers", YES)
    assert given.status == 201, given.body
    assert (given.json["auditStatus"], given.json["scope"]) == ("active", "deployment")
    assert (given.json["actor"], given.json["commitSha"]) == ("Owner", SHA)
    await work_off(api, world)
    live = (await api.get(path)).json
    assert live["status"] == "succeeded"
    verdict = live["successVerdict"]
    assert (verdict["status"], verdict["waived"], verdict["clean"]) == ("waived", True, False)
    assert YES["reason"] in verdict["reason"]
    (waived,) = (each for each in live["evidence"] if each["status"] == "waived")
    assert waived["waiver"] == {
        "actor": "Owner",
        "auditStatus": "used",
        "confirmation": "code.secrets",
        "expiresAt": TOMORROW,
        "id": given.json["id"],
        "reason": YES["reason"],
        "scope": "deployment",
    }
    listed = (await api.get(f"{path}/waivers")).json["waivers"]
    assert [(each["id"], each["auditStatus"]) for each in listed] == [(given.json["id"], "used")]


async def test_it_waits_until_the_last_gate_is_waived(api: Api) -> None:
    world = empty_world()
    path = await blocked(api, world, "code.secrets", "code.static")
    await api.post(f"{path}/waivers", YES)
    await work_off(api, world)
    waits = (await api.get(path)).json
    assert waits["status"] == "blocked"
    assert waits["errorMessage"].endswith("for a waiver of code.static, or a cancel")
    other = {**YES, "gateKey": "code.static", "confirmation": "code.static"}
    assert (await api.post(f"{path}/waivers", other)).status == 201
    await work_off(api, world)
    assert (await api.get(path)).json["status"] == "succeeded"


async def test_a_waiver_of_the_project_counts_until_it_is_revoked(api: Api) -> None:
    world = empty_world()
    path = await blocked(api, world)
    given = (await api.post(f"{path}/waivers", {**YES, "scope": "project"})).json
    await work_off(api, world)
    again = {"branch": "main", "instanceId": (await api.get(path)).json["instanceId"]}
    second = (await api.post(f"{api.acme.path}/deploy", again)).json["id"]
    await work_off(api, world)
    found = (await api.get(f"{api.acme.path}/deployments/{second}")).json
    assert found["successVerdict"]["status"] == "waived"
    revoked = await api.ask("DELETE", f"{api.acme.path}/waivers/{given['id']}")
    assert (revoked.status, revoked.json["auditStatus"]) == (200, "revoked")
    assert revoked.json["revokedAt"]
    page = (await api.get(f"{api.acme.path}/waivers?limit=1")).json
    assert [each["auditStatus"] for each in page["waivers"]] == ["revoked"]
    assert page["total"] == 1
    twice = await api.ask("DELETE", f"{api.acme.path}/waivers/{given['id']}")
    assert twice.problem() == (409, "waiver_over", None)
    third = (await api.post(f"{api.acme.path}/deploy", again)).json["id"]
    await work_off(api, world)
    assert (await api.get(f"{api.acme.path}/deployments/{third}")).json["status"] == "blocked"


async def test_a_plan_knows_what_was_accepted_already(api: Api) -> None:
    path = await blocked(api, empty_world())
    instance = (await api.get(path)).json["instanceId"]
    api.app.state.services.lookout.gates.world.breaks = frozenset({"code.secrets"})
    plan = f"{api.acme.path}/plan?ref=main&instanceId={instance}"
    before = (await api.get(plan)).json
    assert before["blocked"] is True
    assert before["reason"].startswith("Validate: ")
    given = (await api.post(f"{path}/waivers", {**YES, "scope": "project"})).json
    after = (await api.get(plan)).json
    assert (after["blocked"], after["reason"]) == (False, None)
    (accepted,) = (each for each in after["evidence"] if each["status"] == "waived")
    assert accepted["waiver"]["id"] == given["id"]
    assert (await api.get(f"{path}/waivers")).json["waivers"][0]["usedAt"] is None


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({"gateKey": "code.nothing"}, 422, "unknown_gate", "gateKey"),
        ({"gateKey": "source.integrity"}, 422, "gate_not_waivable", "gateKey"),
        ({"gateKey": "database.snapshot"}, 422, "gate_not_waivable", "gateKey"),
        ({"gateKey": None}, 400, "malformed_field", "gateKey"),
        ({"confirmation": "yes"}, 422, "confirmation_mismatch", "confirmation"),
        ({"confirmation": "Code.Secrets"}, 422, "confirmation_mismatch", "confirmation"),
        ({"reason": "   "}, 422, "reason_needed", "reason"),
        ({"reason": "x" * 1001}, 400, "malformed_field", "reason"),
        ({"reason": "a\nb"}, 400, "malformed_field", "reason"),
        ({"expiresAt": "tomorrow"}, 400, "malformed_field", "expiresAt"),
        ({"expiresAt": "2099-01-02T10:00:00"}, 400, "malformed_field", "expiresAt"),
        ({"expiresAt": "2001-01-02T10:00:00Z"}, 422, "expires_in_past", "expiresAt"),
        ({"expiresAt": "2099-01-02T10:00:00Z"}, 422, "expires_too_late", "expiresAt"),
        ({"scope": "organization"}, 400, "malformed_field", "scope"),
        ({"force": True}, 400, "unknown_field", "force"),
        (
            {"gateKey": "code.static", "confirmation": "code.static"},
            409,
            "gate_not_blocking",
            "gateKey",
        ),
    ],
)
async def test_a_waiver_that_cannot_be(
    waiting: tuple[Api, str], changes: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    api, path = waiting
    answer = await api.post(f"{path}/waivers", {**YES, **changes})
    assert answer.problem() == (status, code, field)
    assert (await api.get(f"{path}/waivers")).json == {"waivers": []}


@pytest.mark.parametrize("missing", ["gateKey", "reason", "confirmation", "expiresAt"])
async def test_a_waiver_needs_all_of_it(waiting: tuple[Api, str], missing: str) -> None:
    api, path = waiting
    body = {key: value for key, value in YES.items() if key != missing}
    answer = await api.post(f"{path}/waivers", body)
    assert answer.problem() == (400, "field_missing", missing)


async def test_who_writes_the_code_does_not_waive_it(waiting: tuple[Api, str]) -> None:
    api, path = waiting
    for role in (Role.DEVELOPER, Role.VIEWER):
        answer = await api.post(f"{path}/waivers", YES, headers=api.bearer(role=role))
        assert answer.problem() == (403, "role_forbids", None)
        listed = await api.get(f"{path}/waivers", headers=api.bearer(role=role))
        assert listed.status == 200
    theirs = await api.post(f"{path}/waivers", YES, headers=api.bearer(api.other))
    assert theirs.problem() == (404, "project_not_found", None)
    gone = await api.post(f"{api.acme.path}/deployments/{ids.uuid7()}/waivers", YES)
    assert gone.problem() == (404, "deployment_not_found", None)


async def test_an_admin_may_and_nobody_waives_twice_or_too_late(api: Api) -> None:
    path = await blocked(api, empty_world())
    admin = api.bearer(role=Role.ADMIN)
    first = await api.post(f"{path}/waivers", YES, headers=admin)
    assert (first.status, first.json["actor"]) == (201, "Admin")
    twice = await api.post(f"{path}/waivers", YES)
    assert twice.problem() == (409, "already_waived", "gateKey")
    assert (await api.post(f"{path}/cancel")).json["status"] == "cancelled"
    late = await api.post(f"{path}/waivers", YES)
    assert late.problem() == (409, "deployment_ended", None)
    for_the_next = await api.post(f"{path}/waivers", {**YES, "scope": "commit"})
    assert for_the_next.problem() == (409, "already_waived", "gateKey")


@pytest.fixture(scope="module")
async def waiting(shared: Api) -> tuple[Api, str]:
    """A deployment that waits, for questions that change nothing."""
    return shared, await blocked(shared, empty_world())
