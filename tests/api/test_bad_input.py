"""What bad input gets: the right status, a stable code, and the field."""

import base64
import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import jwt
import pytest

from ocore.access import Role
from ocore.access.tokens import Tokens
from ocore.kit import clock, ids
from tests.api.parts import SECRET, Api
from tests.git import new_repository

MISSING = "c0ffee" + "0" * 34


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 400, "ref_missing", "branch"),
        ({"branch": None}, 400, "ref_missing", "branch"),
        ({"branch": ""}, 400, "malformed_branch", "branch"),
        ({"branch": "--upload-pack=touch /tmp/x"}, 400, "malformed_branch", "branch"),
        ({"branch": "a..b"}, 400, "malformed_branch", "branch"),
        ({"branch": "main\n"}, 400, "malformed_field", "branch"),
        ({"branch": "x" * 256}, 400, "malformed_field", "branch"),
        ({"tag": "v1.lock"}, 400, "malformed_tag", "tag"),
        ({"commitSha": "xyz"}, 400, "malformed_sha", "commitSha"),
        ({"commitSha": "abc123"}, 400, "malformed_sha", "commitSha"),
        ({"commitSha": "a" * 41}, 400, "malformed_sha", "commitSha"),
        ({"commitSha": "HEAD"}, 400, "malformed_sha", "commitSha"),
        ({"branch": "gone"}, 422, "unknown_branch", "branch"),
        ({"tag": "v9"}, 422, "unknown_tag", "tag"),
        ({"tag": "main"}, 422, "unknown_tag", "tag"),
        ({"commitSha": MISSING}, 422, "unknown_commit", "commitSha"),
        ({"commitSha": MISSING[:7]}, 422, "unknown_commit", "commitSha"),
        ({"branch": "main", "commitSha": MISSING}, 422, "unknown_commit", "commitSha"),
        ({"tag": "v1", "commitSha": MISSING}, 422, "refs_contradict", "tag"),
        ({"tag": "v1", "branch": "main"}, 422, "refs_contradict", "tag"),
        ({"branch": 7}, 400, "malformed_field", "branch"),
        ({"branch": ["main"]}, 400, "malformed_field", "branch"),
        ({"branch": "main", "instanceId": 7}, 400, "malformed_field", "instanceId"),
        ({"branch": "main", "instanceId": "x"}, 400, "malformed_id", "instanceId"),
        ({"branch": "main", "instance_id": "x"}, 400, "unknown_field", "instance_id"),
        ({"branch": "main", "force": True}, 400, "unknown_field", "force"),
        ([], 400, "malformed_field", None),
        ("main", 400, "malformed_field", None),
        (None, 400, "malformed_field", None),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict | list) else None,
)
async def test_a_deployment_that_cannot_be(
    shared: Api, body: Any, status: int, code: str, field: str | None
) -> None:
    answer = await shared.post(f"{shared.acme.path}/deploy", data=json.dumps(body))
    assert answer.problem() == (status, code, field)


async def test_refs_that_agree_are_one_commit(api: Api) -> None:
    first, second = api.repository.first, api.repository.second
    for body, sha in (
        ({"branch": "main"}, second),
        ({"branch": "main", "commitSha": first}, first),
        ({"branch": "main", "commitSha": first[:7].upper()}, first),
        ({"tag": "v1"}, first),
        ({"tag": "v1", "commitSha": first}, first),
        ({"commitSha": first[:12]}, first),
    ):
        answer = await api.post(f"{api.acme.path}/deploy", body)
        assert (answer.status, answer.json["commitSha"]) == (202, sha), body


async def test_a_repository_without_a_commit_has_nothing_to_deploy(
    api: Api, tmp_path: Path
) -> None:
    empty = {"name": "Empty", "repositoryUrl": str(new_repository(tmp_path / "empty"))}
    project = (await api.post("/api/projects", empty)).json["id"]
    made = await api.post(f"/api/projects/{project}/instances", {"name": "Empty"})
    assert made.status == 201, made.body
    answer = await api.post(f"/api/projects/{project}/deploy", {"branch": "main"})
    assert answer.problem() == (422, "unknown_branch", "branch")


async def test_a_commit_of_another_branch_contradicts_the_branch(shared: Api) -> None:
    body = {"branch": "main", "commitSha": shared.repository.aside}
    answer = await shared.post(f"{shared.acme.path}/deploy", body)
    assert answer.problem() == (422, "refs_contradict", "commitSha")


async def test_an_instance_must_be_named_when_there_are_several(shared: Api) -> None:
    path = f"/api/projects/{shared.acme.second.id}/deploy"
    answer = await shared.post(path, {"branch": "main"})
    assert answer.problem() == (422, "instance_needed", "instanceId")
    assert all(instance.id in answer.json["detail"] for instance in shared.acme.pair)


async def test_a_rollback_takes_the_instance_that_it_asks_for(shared: Api) -> None:
    path, (east, _) = f"/api/projects/{shared.acme.second.id}/rollback", shared.acme.pair
    assert (await shared.post(path, {})).problem() == (422, "instance_needed", "instanceId")
    answer = await shared.post(path, {"instanceId": east.id})
    assert answer.problem() == (409, "nothing_to_roll_back_to", None)
    assert east.name in answer.json["detail"]


async def test_instances_that_are_unknown_foreign_or_of_another_project_are_not_there(
    shared: Api,
) -> None:
    for instance in (ids.uuid7(), shared.other.instance.id, shared.acme.pair[0].id):
        body = {"branch": "main", "instanceId": instance}
        answer = await shared.post(f"{shared.acme.path}/deploy", body)
        assert answer.problem() == (404, "instance_not_found", "instanceId")


async def test_projects_and_deployments_that_are_unknown_are_not_there(shared: Api) -> None:
    for project in (ids.uuid7(), shared.other.project.id):
        answer = await shared.post(f"/api/projects/{project}/deploy", {"branch": "main"})
        assert answer.problem() == (404, "project_not_found", None)
    answer = await shared.get(f"{shared.acme.path}/deployments/{ids.uuid7()}")
    assert answer.problem() == (404, "deployment_not_found", None)
    body = {"deploymentId": ids.uuid7()}
    answer = await shared.post(f"{shared.acme.path}/rollback", body)
    assert answer.problem() == (404, "deployment_not_found", "deploymentId")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/projects/7", 404, "no_such_path"),
        ("/api/projects/%00", 404, "no_such_path"),
        ("/api/nothing", 404, "no_such_path"),
        ("/", 404, "no_such_path"),
    ],
)
async def test_a_path_that_is_none(shared: Api, path: str, status: int, code: str) -> None:
    assert (await shared.get(path)).problem() == (status, code, None)


async def test_a_method_that_is_none_says_which_are(shared: Api) -> None:
    answer = await shared.ask("DELETE", f"{shared.acme.path}/deployments")
    assert answer.problem() == (405, "method_not_allowed", None)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=many", "limit"),
        ("limit=1.5", "limit"),
        ("limit=", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("offset=-1", "offset"),
        ("offset=2147483648", "offset"),
        ("offset=null", "offset"),
    ],
)
async def test_a_page_that_cannot_be(shared: Api, query: str, field: str) -> None:
    answer = await shared.get(f"{shared.acme.path}/deployments?{query}")
    assert answer.problem() == (400, "malformed_parameter", field)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "malformed_parameter"),
        ("?instanceId=x", 400, "malformed_parameter"),
        ("?instanceId=01a211d5-5ce5-7755-9931-94cb705ffab0", 404, "instance_not_found"),
    ],
)
async def test_rollback_targets_of_no_instance(
    shared: Api, query: str, status: int, code: str
) -> None:
    answer = await shared.get(f"{shared.acme.path}/rollback-targets{query}")
    assert answer.problem() == (status, code, "instanceId")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "malformed_json"),
        (b"branch=main", "malformed_json"),
        (b'{"branch": "\xff"}', "malformed_json"),
        (b'{"branch": "\\ud800"}', "malformed_json"),
        (b"[" * 100_000, "malformed_field"),
        (b'{"branch": ' + b"[" * 100_000, "malformed_field"),
        (b'{"branch": "main"} trailing', "malformed_json"),
        (b'{"branch": NaN}', "malformed_json"),
    ],
)
async def test_a_body_that_is_not_json(shared: Api, content: bytes, code: str) -> None:
    answer = await shared.post(f"{shared.acme.path}/deploy", data=content)
    assert answer.problem()[:2] == (400, code)


async def test_a_body_that_is_missing_is_named(shared: Api) -> None:
    answer = await shared.post(f"{shared.acme.path}/deploy")
    assert answer.problem() == (400, "malformed_request", None)
    assert answer.json["detail"] == "the body is empty, and must be JSON"


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_a_body_of_a_megabyte_is_too_large(shared: Api, *, chunked: bool) -> None:
    body = json.dumps({"branch": "x" * 2**20}).encode()

    async def parts() -> Any:
        yield body

    sent = parts() if chunked else BytesIO(body)
    answer = await shared.post(f"{shared.acme.path}/deploy", data=sent)
    assert answer.problem() == (413, "body_too_large", None)


async def test_an_idempotency_key_has_bounds(shared: Api) -> None:
    for key in ("", "x" * 256):
        answer = await shared.post(
            f"{shared.acme.path}/deploy", {"branch": "main"}, headers={"Idempotency-Key": key}
        )
        assert answer.problem() == (400, "malformed_parameter", "Idempotency-Key")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "field_missing", "name"),
        ({"name": "!!"}, "invalid_name", "name"),
        ({"name": "Shop\n"}, "malformed_field", "name"),
        ({"name": "Shop", "environment": "live"}, "malformed_field", "environment"),
        ({"name": "Shop", "environment": "production\n"}, "malformed_field", "environment"),
        ({"name": "Shop", "odooVersion": "9.0"}, "unknown_odoo_version", "odooVersion"),
        ({"name": "Shop", "provider": "rpm"}, "unknown_provider", "provider"),
        ({"name": "Shop", "provider": "git"}, "source_mismatch", "source"),
        ({"name": "Shop", "source": "/opt/odoo"}, "source_mismatch", "source"),
        (
            {"name": "Shop", "provider": "git", "source": "https://u:p@x.example/o.git"},
            "malformed_source",
            "source",
        ),
        ({"name": "Shop", "provider": "path", "source": "odoo"}, "malformed_source", "source"),
        ({"name": "Shop", "host": "shop_1.example"}, "malformed_host", "host"),
        ({"name": "Shop", "host": "shop.example\n"}, "malformed_host", "host"),
        ({"name": "Shop", "modules": ["sale", "a-b"]}, "malformed_field", "modules[1]"),
        ({"name": "Shop", "modules": ["sale\n"]}, "malformed_field", "modules[0]"),
        ({"name": "Shop", "smokePaths": ["shop"]}, "malformed_field", "smokePaths[0]"),
        ({"name": "Shop", "workers": -1}, "malformed_field", "workers"),
        ({"name": "Shop", "workers": 1.5}, "malformed_field", "workers"),
        ({"name": "Shop", "limitMemorySoft": 2**40}, "limits_crossed", "limitMemorySoft"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
async def test_an_instance_that_cannot_be(shared: Api, body: Any, code: str, field: str) -> None:
    answer = await shared.post(f"{shared.acme.path}/instances", body)
    assert answer.problem() == (400, code, field)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"name": "Shop"}, "field_missing", "repositoryUrl"),
        ({"name": "", "repositoryUrl": "/srv/x"}, "malformed_field", "name"),
        *(
            ({"name": "Shop", "repositoryUrl": url}, "malformed_repository", "repositoryUrl")
            for url in (
                "--upload-pack=x",
                "ext::sh -c id",
                "https://",
                "https://[::1/x",
                "https://x.example:port/",
                "https://x.example:99999/",
                "/srv/x\n",
                "shop",
            )
        ),
        (
            {"name": "Shop", "repositoryUrl": "/srv/x", "odooVersion": "9"},
            "unknown_odoo_version",
            "odooVersion",
        ),
    ],
    ids=lambda value: json.dumps(value)[:80] if isinstance(value, dict) else None,
)
async def test_a_project_that_cannot_be(shared: Api, body: Any, code: str, field: str) -> None:
    answer = await shared.post("/api/projects", body)
    assert answer.problem() == (400, code, field)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "New", "environment": "qa"}, "must be one of development, production, staging"),
        ({"name": "Two\nlines"}, "name: must be one line, without control characters"),
        ({"name": "New", "modules": ["sale", "x y"]}, "modules[1]: must be the name of a module"),
        ({"name": "New", "smokePaths": ["shop"]}, "must be a path that begins with /"),
        ({"name": "New", "workers": 65}, "workers: Expected `int` <= 64"),
    ],
)
async def test_what_a_field_takes_is_told_in_words(shared: Api, body: Any, said: str) -> None:
    answer = await shared.post(f"{shared.acme.path}/instances", body)
    assert answer.problem()[:2] == (400, "malformed_field")
    assert said in answer.json["detail"]


async def test_names_and_hosts_that_are_taken(shared: Api) -> None:
    body = {"name": "Library", "repositoryUrl": "/srv/x"}
    assert (await shared.post("/api/projects", body)).problem() == (409, "project_exists", "name")
    for body, field in (
        ({"name": shared.acme.instance.name, "host": "free.example"}, "name"),
        ({"name": "New", "host": shared.other.instance.host}, "host"),
    ):
        answer = await shared.post(f"{shared.acme.path}/instances", body)
        assert answer.problem() == (409, "instance_exists", field)
        assert body[field] in answer.json["detail"]


async def test_a_credential_in_a_refused_address_is_not_repeated(shared: Api) -> None:
    body = {"name": "Shop", "repositoryUrl": "ftp://bot:hunter2secret@x.example/y"}
    answer = await shared.post("/api/projects", body)
    assert answer.problem() == (400, "malformed_repository", "repositoryUrl")
    assert b"hunter2secret" not in answer.body


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _claims(api: Api, **changes: object) -> dict[str, object]:
    caller, now = api.acme.caller(), clock.now()
    claims = {
        "iss": "ocore",
        "aud": "ocore-api",
        "iat": now,
        "exp": now + timedelta(hours=1),
        "sub": caller.user_id,
        "org": caller.organization_id,
        "role": "owner",
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def _forged(api: Api) -> str:
    """Return a viewer's token that says it is an owner's."""
    token = api.tokens.sign(api.acme.caller(Role.VIEWER), now=clock.now())
    header, claims, signature = token.split(".")
    padded = claims + "=" * (-len(claims) % 4)
    told = json.loads(base64.urlsafe_b64decode(padded))
    return f"{header}.{_encoded({**told, 'role': 'owner'})}.{signature}"


def _unsigned(api: Api, algorithm: str) -> str:
    claims = _claims(api, iat=int(clock.now().timestamp()), exp=2**33)
    return f"{_encoded({'alg': algorithm, 'typ': 'JWT'})}.{_encoded(claims)}."


TOKENS = {
    "expired": lambda api: api.tokens.sign(
        api.acme.caller(), now=clock.now() - timedelta(hours=1, seconds=1)
    ),
    "forged role": _forged,
    "alg none": lambda api: _unsigned(api, "none"),
    "alg None": lambda api: _unsigned(api, "None"),
    "other secret": lambda api: Tokens("x" * 32).sign(api.acme.caller(), now=clock.now()),
    "other algorithm": lambda api: jwt.encode(_claims(api), SECRET * 2, algorithm="HS512"),
    "other audience": lambda api: jwt.encode(_claims(api, aud="x"), SECRET),
    "other issuer": lambda api: jwt.encode(_claims(api, iss="x"), SECRET),
    "unknown role": lambda api: jwt.encode(_claims(api, role="root"), SECRET),
    "no expiry": lambda api: jwt.encode(_claims(api, exp=None), SECRET),
    "no organization": lambda api: jwt.encode(_claims(api, org=None), SECRET),
    "not yet": lambda api: jwt.encode(_claims(api, iat=clock.now() + timedelta(hours=1)), SECRET),
    "garbage": lambda _api: "garbage",
    "dots": lambda _api: "..",
    "not ASCII": lambda _api: "é.é.é",
    "no object": lambda _api: f"{_encoded([])}.{_encoded({})}.",
    "deep": lambda _api: f"{base64.urlsafe_b64encode(b'[' * 30_000).decode()}.e30.e30",
}


@pytest.mark.parametrize("name", TOKENS)
async def test_a_token_that_is_no_good(shared: Api, name: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS[name](shared)}"}
    answer = await shared.get("/api/projects", headers=headers)
    code = "token_expired" if name == "expired" else "token_invalid"
    assert answer.problem() == (401, code, None)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic b3duZXI6eA==", "token"])
async def test_no_token_at_all(shared: Api, header: str) -> None:
    answer = await shared.get("/api/projects", headers={"Authorization": header})
    assert answer.problem() == (401, "token_missing", None)


async def test_a_viewer_looks_and_does_not_touch(shared: Api) -> None:
    viewer = shared.bearer(role=Role.VIEWER)
    path, deployment = shared.acme.path, ids.uuid7()
    for url, body in (
        (f"{path}/deploy", {"branch": "main"}),
        (f"{path}/rollback", {}),
        (f"{path}/deployments/{deployment}/cancel", None),
        (f"{path}/instances", {"name": "Shop"}),
        ("/api/projects", {"name": "Shop", "repositoryUrl": "/srv/x"}),
    ):
        answer = await shared.post(url, body, headers=viewer)
        assert answer.problem() == (403, "role_forbids", None)
    secret = await shared.get(
        f"/api/instances/{shared.acme.instance.id}/credentials", headers=viewer
    )
    assert secret.problem() == (403, "role_forbids", None)
    for url in ("/api/projects", path, f"{path}/deployments", f"{path}/instances"):
        assert (await shared.get(url, headers=viewer)).status == 200


async def test_a_password_that_nobody_knows_is_null(shared: Api) -> None:
    instance = shared.acme.instance
    answer = await shared.get(f"/api/instances/{instance.id}/credentials")
    assert answer.json == {"database": instance.database, "login": "admin", "password": None}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_nothing_was_made_by_what_was_refused(shared: Api) -> None:
    page = (await shared.get(f"{shared.acme.path}/deployments")).json
    assert page["total"] == 0
    assert len((await shared.get("/api/projects")).json["projects"]) == 2
