"""Open pages: websockets that hear what is told, and come back as Odoo's own client does."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from ocore.demo.odoo_rpc import OdooUser
from tests.integration.platform import Site

CHANNEL: Final = "oc_numbers"
# As in Odoo 19's `websocket_worker.js`.
_FIRST_DELAY_SECONDS: Final = 1.0
_LONGEST_DELAY_SECONDS: Final = 60.0
_GROWTH: Final = 1.5
_URL: Final = re.compile(r"""["'](/web/assets/[^"']+\.(?:css|js))["']""")


@dataclass(slots=True, kw_only=True)
class Stay:
    """One time a page was connected, by `time.monotonic`; `code` is what it was closed with."""

    opened: float
    closed: float | None = None
    code: int | None = None


@dataclass(slots=True, kw_only=True)
class Page:
    """A page that is kept up to date: the numbers it was told, and how it was connected.

    `refused` are the answers it had when it wanted to connect and could not.
    """

    http: aiohttp.ClientSession
    url: str
    host: str
    told: list[int] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _last: int = 0

    @property
    def connected(self) -> bool:
        return bool(self.stays) and self.stays[-1].closed is None

    async def live(self) -> None:
        """Hear what is told, for ever; come back after a while whenever it is disconnected."""
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                await self._stay()
                delay = _FIRST_DELAY_SECONDS
            except aiohttp.WSServerHandshakeError as refusal:
                self.refused.append(str(refusal.status))
            except aiohttp.ClientError as broken:
                self.refused.append(repr(broken))
            delay = min(delay * _GROWTH, _LONGEST_DELAY_SECONDS) + secrets.randbelow(1000) / 1000
            await asyncio.sleep(delay)

    async def _stay(self) -> None:
        headers = {"Host": self.host, "Origin": f"http://{self.host}"}
        async with self.http.ws_connect(f"{self.url}/websocket", headers=headers) as socket:
            self.stays.append(stay := Stay(opened=time.monotonic()))
            wanted = {"channels": [CHANNEL], "last": self._last}
            await socket.send_json({"event_name": "subscribe", "data": wanted})
            async for frame in socket:
                self._hear(frame.json())
            stay.closed, stay.code = time.monotonic(), socket.close_code

    def _hear(self, notifications: list[dict[str, Any]]) -> None:
        for each in notifications:
            self._last = each["id"]
            if each["message"]["type"] == "number":
                self.told.append(each["message"]["payload"])


class Numbers:
    """Tells numbers on the bus, one after another, as a user's work does."""

    def __init__(self, odoo: OdooUser, action: int) -> None:
        self._odoo, self._action = odoo, action
        self.last = 0

    @classmethod
    async def of(cls, site: Site) -> "Numbers":
        odoo = await site.odoo()
        (model,) = await odoo.call("ir.model", "search", [("model", "=", "res.partner")])
        code = f"env['bus.bus']._sendone('{CHANNEL}', 'number', env.context['number'])"
        values = {"name": "Tell", "model_id": model, "state": "code", "code": code}
        return cls(odoo, await odoo.call("ir.actions.server", "create", values))

    async def tell(self, *, pause: float = 1.0) -> None:
        """Tell another number after each pause, for ever."""
        while True:
            context = {"number": self.last + 1}
            await self._odoo.call("ir.actions.server", "run", [self._action], context=context)
            self.last += 1
            await asyncio.sleep(pause)


class Browser:
    """Someone with Odoo open: a session, and the files their pages refer to."""

    def __init__(self, http: aiohttp.ClientSession, url: str, host: str) -> None:
        self._http, self._url, self._host = http, url, host
        self._headers = {"Host": host}

    def open_page(self) -> Page:
        return Page(http=self._http, url=self._url, host=self._host)

    async def get(self, path: str) -> tuple[int, bytes]:
        async with self._http.get(
            f"{self._url}{path}", headers=self._headers, allow_redirects=False
        ) as answer:
            return answer.status, await answer.read()

    async def page(self, path: str) -> str:
        status, body = await self.get(path)
        assert status == 200, (path, status)
        return body.decode()

    async def sign_in(self, login: str, password: str) -> None:
        found = re.search(r'name="csrf_token" value="([^"]+)"', await self.page("/web/login"))
        assert found is not None
        form = {"login": login, "password": password, "csrf_token": found[1]}
        async with self._http.post(
            f"{self._url}/web/login", data=form, headers=self._headers, allow_redirects=False
        ) as answer:
            assert answer.status == 303, await answer.text()

    async def files(self) -> dict[str, bytes]:
        """Return what the pages of now refer to, and what one of them loads later."""
        pages = [await self.page(path) for path in ("/web/login", "/odoo")]
        pages.append(await self.page("/web/bundle/library_loans.assets_shelf"))
        urls = {url for page in pages for url in _URL.findall(page)}
        assert len(urls) >= 5
        found = {url: await self.get(url) for url in sorted(urls)}
        assert {url for url, (status, _) in found.items() if status != 200} == set()
        return {url: body for url, (_, body) in found.items()}


@asynccontextmanager
async def working(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let work go on; fail when some of it failed."""
    tasks = [asyncio.create_task(each) for each in work]
    yield
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in ended if not isinstance(each, asyncio.CancelledError)] == []


@asynccontextmanager
async def browsing(site: Site) -> AsyncIterator[Browser]:
    odoo = await site.odoo()
    # Odoo's host name is no name of this machine, and cookies go by the name.
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        # Who has none need not say its version of the client of websockets.
        skip_auto_headers=("User-Agent",),
    ) as http:
        browser = Browser(http, site.platform.proxy_url, odoo.host)
        # The login page of somebody who is in leads on.
        await browser.sign_in(odoo.login, odoo.password)
        yield browser


async def until_told(pages: Sequence[Page], numbers: Numbers) -> None:
    """Wait until everybody has been told what was told until now."""
    last = numbers.last
    async with asyncio.timeout(60):
        while any(each.told[-1] < last for each in pages):  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.2)
