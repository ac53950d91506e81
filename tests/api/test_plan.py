from typing import Any

import pytest

from ocore.access import Role
from tests.api.parts import Answer, Api
from tests.api.worker import empty_world, queue, work_off


async def plan(api: Api, **query: Any) -> Answer:
    return await api.get(f"{api.acme.path}/plan", params={"ref": "main", **query})


async def total(api: Api) -> int:
    found: int = (await api.get(f"{api.acme.path}/deployments")).json["total"]
    return found


async def test_a_plan_says_what_a_deployment_would_do_and_makes_none(api: Api) -> None:
    answer = await plan(api)
    assert answer.status == 200, answer.body
    seen = answer.json
    assert seen["commitSha"] == api.repository.second
    assert seen["instanceId"] == api.acme.instance.id
    assert (seen["blocked"], seen["reason"]) == (False, None)
    assert [(each["action"], each["name"]) for each in seen["modules"]] == [("update", "loans")]
    assert "19.0.1.0.0 is newer than the installed 19.0.0.9.0" in seen["modules"][0]["reason"]
    assert [item["gateKey"] for item in seen["evidence"]] == [
        "source.integrity",
        "modules.installable",
        "code.static",
        "code.secrets",
        "migration.safety",
    ]
    assert seen["profile"] == "development"
    assert seen["touchesDatabase"] is True
    assert seen["risk"]["score"] > 0
    assert seen["window"] == {
        "estimatedMs": None,
        "reason": "no update of this instance has been measured yet",
    }
    assert await total(api) == 0


async def test_a_plan_names_files_that_the_instance_has_lost(api: Api) -> None:
    world = api.app.state.services.lookout.gates.world
    world.lost_files = ("ab/cd", "de/ad")
    (lost,) = (
        each for each in (await plan(api)).json["findings"] if each["class"] == "data.file_lost"
    )
    assert lost["metadata"] == {"count": 2, "files": ["ab/cd", "de/ad"]}


async def test_a_plan_estimates_how_long_users_wait_by_earlier_updates(api: Api) -> None:
    world = empty_world()
    for _ in range(2):
        world.checksums, world.version = {}, "19.0.0.9.0"
        await queue(api)
        await work_off(api, world)
    window = (await plan(api)).json["window"]
    # The clock of this world stands still.
    assert window["estimatedMs"] == 0
    assert window["reason"].startswith("the middle of the last 1 that updated the same modules: ")


@pytest.mark.parametrize("part", [7, 40])
async def test_a_commit_may_be_named_by_its_sha(api: Api, part: int) -> None:
    answer = await plan(api, ref=api.repository.first[:part])
    assert answer.json["commitSha"] == api.repository.first


async def test_a_ref_that_is_not_there_is_refused(api: Api) -> None:
    assert (await plan(api, ref="nowhere")).problem() == (422, "unknown_ref", "ref")
    assert (await plan(api, ref="a..b")).problem() == (400, "malformed_ref", "ref")


async def test_a_plan_needs_an_instance_and_the_right_to_look(api: Api) -> None:
    of_two = f"/api/projects/{api.acme.second.id}/plan?ref=main"
    assert (await api.get(of_two)).problem() == (422, "instance_needed", "instanceId")
    assert (await api.get(f"{of_two}&instanceId={api.acme.pair[0].id}")).status == 200
    viewer = api.bearer(role=Role.VIEWER)
    path = f"{api.acme.path}/plan?ref=main"
    assert (await api.get(path, headers=viewer)).status == 200
    foreign = api.bearer(api.other)
    assert (await api.get(path, headers=foreign)).problem()[0] == 404
