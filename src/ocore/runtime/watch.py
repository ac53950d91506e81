"""Asks a running colour over HTTP what its users will ask, as the proxy would pass it on."""

import asyncio
import html
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiohttp
import msgspec

from ocore.artifacts import Colour, Endpoint
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.runtime import Probe
from ocore.runtime.folder import InstanceFolder

_REQUEST_SECONDS: Final = 15.0
_ASSET: Final = re.compile(r"""(?:href|src)=["'](/web/assets/[^"']+\.(?:css|js)[^"']*)["']""")
_TOKEN: Final = re.compile(r"""name=["']csrf_token["']""")
_CHUNK: Final = 1 << 16


class HttpWatch:
    """Watch over HTTP and the log files of the process runtime.

    `scheme` is what the customers' browsers speak with the proxy.
    """

    def __init__(
        self, home: Home, *, scheme: str = "http", request_seconds: float = _REQUEST_SECONDS
    ) -> None:
        self._home = home
        self._scheme = scheme
        self._timeout = aiohttp.ClientTimeout(total=request_seconds)

    async def probe(self, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
        probes: list[Probe] = []
        async with (
            aiohttp.ClientSession(
                timeout=self._timeout,
                headers=_as_the_proxy(instance, self._scheme),
                # Every question comes from a new visitor. One without a User-Agent need not say
                # its version of the websocket client (WebsocketConnectionHandler._serve_forever).
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent",),
            ) as session,
            aclosing(_Questions(session, instance, endpoint).ask()) as answers,
        ):
            async for probe in answers:
                probes.append(probe)
                if not probe.passed:
                    break
        return tuple(probes)

    async def log_tail(self, instance: Instance, colour: Colour, lines: int) -> tuple[str, ...]:
        log = InstanceFolder(self._home.instances / instance.database).log(colour)
        return await asyncio.to_thread(_last_lines, (log.with_name(f"{log.name}.1"), log), lines)


class _Questions:
    def __init__(
        self, session: aiohttp.ClientSession, instance: Instance, endpoint: Endpoint
    ) -> None:
        self._session = session
        self._instance = instance
        self._endpoint = endpoint

    async def ask(self) -> AsyncGenerator[Probe, None]:
        yield await self._health()
        login, page = await self._page("/web/login")
        if login.passed and not _TOKEN.search(page):
            login = Probe(name="/web/login", passed=False, answer="a page without a csrf_token")
        yield login
        yield await self._database()
        yield await self._asset(page)
        yield await self._websocket()
        for path in self._instance.smoke_paths:
            probe, _ = await self._page(path, accepted=range(200, 300))
            yield probe

    async def _health(self) -> Probe:
        probe, body = await self._page("/web/health")
        if probe.passed and not _says_pass(body):
            return Probe(name=probe.name, passed=False, answer=body[:200])
        return probe

    async def _database(self) -> Probe:
        """Ask whose Odoo this is: another home's may have taken the port, and be as healthy.

        Since 18.0 a request may name its database (`Request._get_session_and_dbname`); one that
        serves another has no login page for it. Earlier series do not look at the name.
        """
        named = {"X-Odoo-Database": self._instance.database}
        probe, _ = await self._page("/web/login", name="database", headers=named)
        if probe.passed or not probe.answered:
            return probe
        whose = f"an Odoo that does not serve {self._instance.database}"
        return replace(probe, answer=f"{probe.answer}, by {whose}")

    async def _asset(self, page: str) -> Probe:
        found = _ASSET.search(page)
        if found is None:
            return Probe(name="asset", passed=False, answer="/web/login refers to no asset bundle")
        probe, _ = await self._page(html.unescape(found.group(1)), name="asset")
        return probe

    async def _page(
        self,
        path: str,
        *,
        name: str | None = None,
        accepted: range = range(200, 201),
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Probe, str]:
        url = f"http://{self._endpoint.host}:{self._endpoint.http_port}{path}"
        name = name or path
        try:
            async with self._session.get(url, allow_redirects=False, headers=headers) as response:
                body = await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError) as failure:
            return _silence(name, failure), ""
        answer = str(response.status)
        if location := response.headers.get("Location"):
            answer = f"{response.status} to {location}"
        return Probe(name=name, passed=response.status in accepted, answer=answer), body

    async def _websocket(self) -> Probe:
        url = f"http://{self._endpoint.host}:{self._endpoint.websocket_port}/websocket"
        try:
            async with self._session.ws_connect(url):
                return Probe(name="/websocket", passed=True, answer="101")
        except aiohttp.WSServerHandshakeError as refusal:
            answer = f"{refusal.status} instead of an upgrade"
        except (aiohttp.ClientError, TimeoutError) as failure:
            return _silence("/websocket", failure)
        return Probe(name="/websocket", passed=False, answer=answer)


def _as_the_proxy(instance: Instance, scheme: str) -> Mapping[str, str]:
    return {
        "Host": instance.host,
        "Origin": f"{scheme}://{instance.host}",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": instance.host,
        "X-Forwarded-Proto": scheme,
    }


def _says_pass(body: str) -> bool:
    try:
        return bool(msgspec.json.decode(body, type=dict[str, Any]).get("status") == "pass")
    except msgspec.DecodeError:
        return False


def _silence(name: str, failure: aiohttp.ClientError | TimeoutError) -> Probe:
    late = isinstance(failure, TimeoutError)
    answer = "no answer in time" if late else f"no answer: {failure}"
    return Probe(name=name, passed=False, answer=answer, answered=False)


def _last_lines(files: tuple[Path, ...], wanted: int) -> tuple[str, ...]:
    """Return the last lines of these files, the last file being the newest."""
    lines: list[str] = []
    for file in reversed(files):
        missing = wanted - len(lines)
        if missing > 0 and file.exists():
            lines = [*_tail(file, missing), *lines]
    return tuple(lines)


def _tail(file: Path, wanted: int) -> list[str]:
    content = b""
    with file.open("rb") as source:
        position = source.seek(0, 2)
        while position > 0 and content.count(b"\n") <= wanted:
            size = min(_CHUNK, position)
            position -= size
            source.seek(position)
            content = source.read(size) + content
    return content.decode(errors="replace").splitlines()[-wanted:]
