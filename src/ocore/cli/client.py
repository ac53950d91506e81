"""Speaks to the API: requests, problems, and the event stream with resume."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Self

import aiohttp
import msgspec

from ocore.cli.credentials import Session

_RECONNECT_SECONDS: Final = 1.0
_MOST_RECONNECTS: Final = 60
_ENDLESS: Final = aiohttp.ClientTimeout(total=None, sock_read=45)
"""For what lasts as long as it has something to say. The stream says something each 15 s."""


class ApiProblem(Exception):
    """The API refused (RFC 9457), or could not be reached (`status` 0)."""

    def __init__(self, status: int, code: str, detail: str, field: str | None = None) -> None:
        self.status, self.code, self.detail, self.field = status, code, detail, field
        super().__init__(f"{detail} [{code}]")


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event; `data` is decoded JSON."""

    id: str
    kind: str
    data: dict[str, Any]


class Client:
    """One conversation with the API, as an async context manager.

    A session that has run out is renewed on the way, and handed to `keep`.
    """

    def __init__(
        self, session: Session, *, keep: Callable[[Session], None] = lambda _session: None
    ) -> None:
        self._session = session
        self._keep = keep
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._http is not None:
            await self._http.close()

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the decoded answer; ApiProblem when it is not a 2xx."""
        return await self._ask("GET", path, params=query)

    async def post(
        self, path: str, body: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Any:
        """Return the decoded answer; ApiProblem when it is not a 2xx."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return await self._ask("POST", path, json=dict(body), headers=headers)

    async def delete(self, path: str) -> Any:
        """Return the decoded answer; ApiProblem when it is not a 2xx."""
        return await self._ask("DELETE", path)

    async def text(self, path: str) -> AsyncIterator[bytes]:
        """Yield the body of a GET as it comes, however long that takes; ApiProblem as above."""
        with self._reached():
            async with self._answer("GET", path, timeout=_ENDLESS) as response:
                async for chunk in response.content.iter_any():
                    yield chunk

    async def events(self, path: str) -> AsyncGenerator[StreamEvent, None]:
        """Yield events until `complete`; a cut connection is resumed where it was cut.

        Who stops before `complete` closes it (`contextlib.aclosing`).
        """
        last_id, failures = "", 0
        while failures < _MOST_RECONNECTS:
            try:
                async with aclosing(self._events_once(path, last_id)) as found:
                    async for event in found:
                        last_id, failures = event.id, 0
                        yield event
                        if event.kind == "complete":
                            return
            except (aiohttp.ClientError, TimeoutError):
                pass
            failures += 1
            await asyncio.sleep(_RECONNECT_SECONDS)
        raise ApiProblem(0, "stream_lost", "the event stream did not come back; see the API's log")

    async def _events_once(self, path: str, last_id: str) -> AsyncGenerator[StreamEvent, None]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        async with self._answer("GET", path, headers=headers, timeout=_ENDLESS) as response:
            fields: dict[str, str] = {}
            async for raw in response.content:
                line = raw.decode().rstrip("\r\n")
                if not line:
                    if "data" in fields:
                        yield _event(fields)
                    fields = {}
                elif not line.startswith(":"):
                    name, _, value = line.partition(":")
                    fields[name] = fields.get(name, "") + value.removeprefix(" ")

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        with self._reached():
            async with self._answer(method, path, **more) as response:
                return msgspec.json.decode(await response.read() or b"null")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn what keeps us from an answer of the API into an ApiProblem."""
        url = self._session.api_url
        try:
            yield
        except (aiohttp.ClientError, TimeoutError) as failure:
            sentence = f"no answer from {url}: {failure}. Is `ocore up` running?"
            raise ApiProblem(0, "api_unreachable", sentence) from failure
        except msgspec.DecodeError as failure:
            sentence = f"what answers at {url} is not oCore's API: {failure}"
            raise ApiProblem(0, "not_the_api", sentence) from failure

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Yield a good answer. Whoever was not let in comes again once, with a new session.

        This request alone is sent again, for those before it have been answered.
        """
        response = await self._send(method, path, headers or {}, more)
        if response.status == HTTPStatus.UNAUTHORIZED and self._session.refresh_token:
            response.close()
            await self._renew()
            response = await self._send(method, path, headers or {}, more)
        async with response:
            await _raise_for_problem(response)
            yield response

    async def _renew(self) -> None:
        old, self._session = self._session, Session(api_url=self._session.api_url)
        answer = await self.post("/auth/refresh", {"refreshToken": old.refresh_token})
        self._session = Session.of(old.api_url, answer)
        self._keep(self._session)

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], more: Mapping[str, Any]
    ) -> aiohttp.ClientResponse:
        if self._http is None:
            raise LookupError("the client is used outside its context")
        token = self._session.access_token
        who = {"Authorization": f"Bearer {token}"} if token else {}
        url = self._session.api_url + path
        return await self._http.request(method, url, headers={**headers, **who}, **more)


def _event(fields: Mapping[str, str]) -> StreamEvent:
    return StreamEvent(
        id=fields.get("id", ""),
        kind=fields.get("event", "message"),
        data=msgspec.json.decode(fields["data"]),
    )


async def _raise_for_problem(response: aiohttp.ClientResponse) -> None:
    if response.status < 400:
        return
    body = await response.read()
    try:
        problem = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        problem = {}
    raise ApiProblem(
        response.status,
        str(problem.get("code", "http_error")),
        str(problem.get("detail", f"HTTP {response.status}")),
        problem.get("field"),
    )
