"""What is told when the platform itself is at fault."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession

from ocore.access.accounts import Account
from ocore.api.app import create_app
from ocore.api.problems import STATUS
from ocore.api.services import Services
from ocore.errors import Refused, Unavailable
from ocore.kit import clock
from tests.api.parts import PROBLEM, listening


@dataclass
class BrokenAccounts:
    """A record with a bug."""

    async def by_email(self, email: str) -> Account | None:
        raise LookupError(f"no luck with {len(email)} letters")


async def silence() -> AsyncIterator[str | None]:
    await asyncio.Event().wait()
    yield None


async def no_database() -> None:
    raise Unavailable("connection to server at 10.1.2.3 refused")


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    nothing: dict[str, Any] = dict.fromkeys(Services.__dataclass_fields__)
    parts = {"accounts": BrokenAccounts(), "now": clock.now, "wakeups": silence}
    app = create_app(Services(**{**nothing, **parts, "ping": no_database}))
    async with listening(app) as url, ClientSession(url) as session:
        yield session


async def test_a_bug_is_told_by_an_id_and_logged_without_what_the_variables_held(
    http: ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    body = {"email": "ana@acme.example", "password": "hunter2secret"}
    async with http.post("/api/auth/login", json=body) as answer:
        told = await answer.json(content_type=PROBLEM)
    assert (answer.status, told["code"]) == (500, "internal_error")
    assert "no luck" not in str(told)
    logged = capsys.readouterr().out
    error_id = told["detail"].split()[-1]
    assert error_id in logged
    assert "LookupError: no luck with 16 letters" in logged
    assert "by_email" in logged
    assert "hunter2secret" not in logged


async def test_health_says_when_the_database_does_not_answer(http: ClientSession) -> None:
    async with http.get("/api/health") as answer:
        told = await answer.json(content_type=PROBLEM)
    assert (answer.status, told["code"]) == (503, "unavailable")
    assert told["detail"].startswith("the platform's database does not answer")
    assert "10.1.2.3" not in told["detail"]
    assert int(answer.headers["Retry-After"]) > 0


def test_every_refusal_has_a_status() -> None:
    assert _below(Refused) == set(STATUS)


def _below(kind: type[Refused]) -> set[type[Refused]]:
    return {each for sub in kind.__subclasses__() for each in {sub, *_below(sub)}}
