"""Every key and JSON type of the published answers, against answers of a running API."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ocore.deployments.model import Step
from ocore.kit import clock
from tests.api.parts import Api
from tests.api.worker import ODOO_LOG, empty_world, queue, take, work_off

EXAMPLES = {
    path.stem: json.loads(path.read_text())
    for path in (Path(__file__).parent / "contract").glob("*.json")
}
KINDS = {str: (str,), bool: (bool,), int: (int, float)}


def differences(documented: Any, real: Any, at: str) -> list[str]:
    """Say where an answer is not as documented; null may stand anywhere, `{}` is a free object."""
    if real is None:
        return []
    if isinstance(documented, dict):
        return _object_differences(documented, real, at)
    if isinstance(documented, list):
        if not isinstance(real, list):
            return [f"{at} is no array"]
        return [
            found
            for number, item in enumerate(real)
            for found in differences(documented[0], item, f"{at}[{number}]")
        ]
    kinds = KINDS[type(documented)]
    fits = isinstance(real, kinds) and isinstance(real, bool) == isinstance(documented, bool)
    return [] if fits else [f"{at} is {real!r}, documented as {type(documented).__name__}"]


def _object_differences(documented: dict[str, Any], real: Any, at: str) -> list[str]:
    if not isinstance(real, dict):
        return [f"{at} is no object"]
    if not documented:
        return []
    found = [f"{at}.{key} is missing" for key in documented.keys() - real.keys()]
    found += [f"{at}.{key} is not documented" for key in real.keys() - documented.keys()]
    for key in documented.keys() & real.keys():
        found += differences(documented[key], real[key], f"{at}.{key}")
    return found


def filled(documented: Any, real: Any, at: str = "$") -> set[str]:
    """Return the places of the example that hold something in the answer."""
    if real is None or real == [] or not isinstance(documented, dict | list):
        return set() if real is None or real == [] else {at}
    if isinstance(documented, list):
        return {at}.union(*(filled(documented[0], item, f"{at}[]") for item in real))
    return {at}.union(*(filled(documented[key], real[key], f"{at}.{key}") for key in documented))


@pytest.fixture(scope="module")
async def answers(shared: Api) -> dict[str, Any]:
    """A first deployment, one whose branch moved, one that fails, one waived, and the way back."""
    api, world = shared, empty_world()
    found = {"deploy": (await api.post(f"{api.acme.path}/deploy", {"branch": "main"})).json}
    await work_off(api, world)
    world.checksums = {}
    await api.post(f"{api.acme.path}/deploy", {"branch": "main"})
    second = await work_off(api, world, head="beef" * 10)
    world.checksums, world.breaks = {}, frozenset({"update"})
    await api.post(f"{api.acme.path}/deploy", {"branch": "main"})
    failed = await work_off(api, world)
    world.breaks = frozenset()
    found["rollback"] = (await api.post(f"{api.acme.path}/rollback", {})).json
    await work_off(api, world)
    found["waived"] = await waived(api)
    found["get"] = (await api.get(f"{api.acme.path}/deployments/{second}")).json
    found["failed"] = (await api.get(f"{api.acme.path}/deployments/{failed}")).json
    found["list"] = (await api.get(f"{api.acme.path}/deployments")).json
    await queue(api)
    hand = await take(api)
    await hand.begin(Step.UPDATE)
    await hand.say(*ODOO_LOG.splitlines())
    await hand.end()
    found["summary"] = (await api.get(f"{hand.path}/logs/summary")).json
    return found


async def waived(api: Api) -> Any:
    """Return a deployment that went live although a gate failed."""
    world = empty_world()
    world.breaks = frozenset({"code.secrets"})
    where = {"branch": "main", "instanceId": await api.production_instance()}
    asked = (await api.post(f"{api.acme.path}/deploy", where)).json
    path = f"{api.acme.path}/deployments/{asked['id']}"
    await work_off(api, world)
    given = {
        "gateKey": "code.secrets",
        "reason": "An example key",
        "confirmation": "code.secrets",
        "expiresAt": clock.rfc3339(clock.now() + timedelta(hours=1)),
    }
    assert (await api.post(f"{path}/waivers", given)).status == 201
    await work_off(api, world)
    return (await api.get(path)).json


@pytest.mark.parametrize("name", ["deploy", "list", "get", "summary", "rollback"])
def test_an_answer_has_the_documented_keys_and_types(answers: dict[str, Any], name: str) -> None:
    assert differences(EXAMPLES[name], answers[name], "$") == []


def test_a_failed_deployment_has_them_too(answers: dict[str, Any]) -> None:
    assert answers["failed"]["status"] == "rolled_back"
    assert differences(EXAMPLES["get"], answers["failed"], "$") == []


def test_a_waived_deployment_has_them_too(answers: dict[str, Any]) -> None:
    assert answers["waived"]["successVerdict"]["waived"]
    assert differences(EXAMPLES["get"], answers["waived"], "$") == []


@pytest.mark.parametrize("name", ["list", "summary"])
def test_the_compared_answers_leave_nothing_documented_unfilled(
    answers: dict[str, Any], name: str
) -> None:
    places = filled(EXAMPLES[name], answers[name])
    everywhere = _places(EXAMPLES[name])
    # No program's exit code or files are kept by the doubles of the pipeline, and there is no log
    # excerpt where no program printed one.
    validation = "$.deployments[].evidence[].validation"
    unfilled = {
        "$.deployments[].evidence[].artifactRefs",
        "$.deployments[].evidence[].logRefs",
        f"{validation}.artifactRefs",
        f"{validation}.exitCode",
        f"{validation}.failureCard",
        f"{validation}.logExcerpt",
    }
    assert everywhere - places <= unfilled


def test_the_comparison_sees_what_differs() -> None:
    documented = {"a": "string", "b": [{"c": 0}], "d": True, "free": {}}
    assert differences(documented, {"a": "x", "b": [], "d": None, "free": {"z": 1}}, "$") == []
    wrong = {"a": 1, "b": [{"c": True, "e": 1}], "d": 0, "free": []}
    assert sorted(differences(documented, wrong, "$")) == [
        "$.a is 1, documented as str",
        "$.b[0].c is True, documented as int",
        "$.b[0].e is not documented",
        "$.d is 0, documented as bool",
        "$.free is no object",
    ]
    assert differences(documented, {"a": "x"}, "$") != []


def _places(documented: Any, at: str = "$") -> set[str]:
    if isinstance(documented, dict) and documented:
        return {at}.union(*(_places(item, f"{at}.{key}") for key, item in documented.items()))
    if isinstance(documented, list):
        return {at} if isinstance(documented[0], str) else {at} | _places(documented[0], f"{at}[]")
    return {at}
