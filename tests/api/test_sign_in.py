import asyncio
from typing import Any

import pytest

from ocore.access import Role
from ocore.access.signin import MOST_FAILURES
from ocore.kit import clock
from tests.api.parts import PASSWORD, Answer, Api

EMAIL = "viewer@acme.example"
NOBODY = {"Authorization": ""}


async def sign_in(api: Api, password: str = PASSWORD, *, email: str = EMAIL) -> Answer:
    body = {"email": email, "password": password}
    return await api.post("/api/auth/login", body, headers=NOBODY)


async def refresh(api: Api, token: str) -> Answer:
    return await api.post("/api/auth/refresh", {"refreshToken": token}, headers=NOBODY)


async def test_signing_in_gives_tokens_that_work_and_are_kept_by_nobody_on_the_way(
    api: Api,
) -> None:
    answer = await sign_in(api)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["tokenType"], answer.json["expiresIn"]) == ("Bearer", 3600)
    user = api.acme.users[Role.VIEWER]
    assert answer.json["user"] == {
        "id": user.user_id,
        "email": EMAIL,
        "name": "Viewer",
        "role": "viewer",
        "organizationId": api.acme.organization_id,
        "organizationSlug": "acme",
    }
    bearer = {"Authorization": f"Bearer {answer.json['accessToken']}"}
    assert (await api.get("/api/projects", headers=bearer)).status == 200


async def test_an_address_may_be_written_in_any_letter_case(api: Api) -> None:
    assert (await sign_in(api, email=EMAIL.upper())).status == 200


async def test_a_wrong_password_and_an_unknown_address_look_the_same(api: Api) -> None:
    wrong = await sign_in(api, "wrong")
    unknown = await sign_in(api, email="nobody@acme.example")
    assert wrong.problem() == unknown.problem() == (401, "bad_credentials", None)
    assert wrong.body == unknown.body


async def test_after_too_many_failures_even_the_right_password_must_wait(api: Api) -> None:
    answers = await asyncio.gather(*(sign_in(api, "wrong") for _ in range(MOST_FAILURES)))
    assert {answer.status for answer in answers} == {401}
    refused = await sign_in(api)
    assert refused.problem() == (429, "too_many_attempts", None)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await sign_in(api, email="owner@acme.example")).status == 200


async def test_who_signs_in_does_not_choose_how_many_failures_are_too_many(api: Api) -> None:
    path = "/api/auth/login?most=1000000&window=0"
    body = {"email": EMAIL, "password": "wrong"}
    answers = [await api.post(path, body, headers=NOBODY) for _ in range(MOST_FAILURES + 1)]
    assert answers[-1].status == 429


async def test_a_right_password_forgives_the_failures_before_it(api: Api) -> None:
    for _ in range(2):
        for _ in range(MOST_FAILURES - 1):
            assert (await sign_in(api, "wrong")).status == 401
        assert (await sign_in(api)).status == 200


async def test_a_refresh_token_works_once_and_gives_a_new_pair(api: Api) -> None:
    first = (await sign_in(api)).json
    answer = await refresh(api, first["refreshToken"])
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["refreshToken"] != first["refreshToken"]
    assert answer.json["user"] == first["user"]
    assert (await refresh(api, answer.json["refreshToken"])).status == 200


async def test_a_refresh_token_used_twice_ends_the_whole_session_and_no_other(api: Api) -> None:
    elsewhere = (await sign_in(api)).json["refreshToken"]
    stolen = (await sign_in(api)).json["refreshToken"]
    latest = (await refresh(api, stolen)).json["refreshToken"]
    for token in (stolen, latest):
        refused = await refresh(api, token)
        assert refused.problem() == (401, "refresh_token_invalid", None)
    assert (await refresh(api, elsewhere)).status == 200


async def test_of_two_refreshes_side_by_side_at_most_one_gets_a_pair(api: Api) -> None:
    token = (await sign_in(api)).json["refreshToken"]
    answers = await asyncio.gather(*(refresh(api, token) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_an_expired_refresh_token_is_of_no_use(api: Api) -> None:
    token = (await sign_in(api)).json["refreshToken"]
    async with api.pool.connection() as connection:
        await connection.execute("UPDATE sessions SET expires_at = %s", [clock.now()])
    assert (await refresh(api, token)).problem() == (401, "refresh_token_invalid", None)


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"email": EMAIL}, "field_missing", "password"),
        ({"email": "", "password": "x"}, "malformed_field", "email"),
        ({"email": "a\0b@acme.example", "password": "x"}, "malformed_field", "email"),
        ({"email": EMAIL, "password": ""}, "malformed_field", "password"),
        ({"email": EMAIL, "password": "x" * 1025}, "malformed_field", "password"),
        ({"email": EMAIL, "password": 7}, "malformed_field", "password"),
        ({"email": EMAIL, "password": "x", "otp": "1"}, "unknown_field", "otp"),
        ([], "malformed_field", None),
    ],
)
async def test_a_malformed_sign_in_says_what_is_wrong(
    shared: Api, body: Any, code: str, field: str | None
) -> None:
    answer = await shared.post("/api/auth/login", body, headers=NOBODY)
    assert answer.problem() == (400, code, field)


async def test_a_password_of_control_characters_is_wrong_and_no_more(shared: Api) -> None:
    assert (await sign_in(shared, "\0\n")).status == 401
