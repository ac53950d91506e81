"""Speaks to the API: requests, problems, and the event stream with resume."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Self

import aiohttp
import msgspec

from ocore.cli.credentials import Session

_RECONNECT_SECONDS: Final = 1.0
_MOST_RECONNECTS: Final = 60


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
    """One conversation with the API, as an async context manager."""

    def __init__(self, session: Session) -> None:
        self._session = session
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
        """Yield the body of a GET as it comes."""
        async with self._open("GET", path) as response:
            await _raise_for_problem(response)
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
        endless = aiohttp.ClientTimeout(total=None, sock_read=45)
        async with self._open("GET", path, headers=headers, timeout=endless) as response:
            await _raise_for_problem(response)
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
        try:
            async with self._open(method, path, **more) as response:
                await _raise_for_problem(response)
                return msgspec.json.decode(await response.read() or b"null")
        except (aiohttp.ClientConnectionError, TimeoutError) as failure:
            raise ApiProblem(
                0,
                "api_unreachable",
                f"no answer from {self._session.api_url}: {failure}. Is `ocore up` running?",
            ) from failure

    def _open(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Any:
        if self._http is None:
            raise LookupError("the client is used outside its context")
        sent = dict(headers or {})
        if self._session.access_token:
            sent["Authorization"] = f"Bearer {self._session.access_token}"
        return self._http.request(method, self._session.api_url + path, headers=sent, **more)


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
