"""What people notice of a switch who have Odoo open: nothing."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ocore.demo.odoo_rpc import OdooUser
from ocore.demo.repository import build_repository
from tests.git import commit, git
from tests.integration.platform import Platform, Site

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

ASSETS = """
    "assets": {
        "web.assets_backend": ["library_loans/static/src/loans.js"],
        "web.assets_frontend": ["library_loans/static/src/loans.scss"],
        "web.assets_frontend_lazy": ["library_loans/static/src/loans.js"],
        "library_loans.assets_shelf": ["library_loans/static/src/loans.js"],
    },
"""
URL = re.compile(r"""["'](/web/assets/[^"']+\.(?:css|js))["']""")


def with_assets(path: Path, number: int, *, version: str) -> str:
    """Commit static files of their own for the backend, the login page, and one loaded later."""
    manifest = path / "library_loans" / "__manifest__.py"
    text = re.sub(r'"19\.0\.[0-9.]+"', f'"{version}"', manifest.read_text())
    if "assets" not in text:
        text = text.replace('    "application"', f'{ASSETS}    "application"')
    static = "library_loans/static/src"
    return commit(
        path,
        {
            "library_loans/__manifest__.py": text,
            f"{static}/loans.js": f"window.loans = {number};\n",
            f"{static}/loans.scss": f".o_loans {{ order: {number}; }}\n",
        },
        f"Change assets for the {number}. time",
    )


class Browser:
    """Someone with Odoo open: a session, and the files their pages refer to."""

    def __init__(self, http: aiohttp.ClientSession, url: str, host: str) -> None:
        self._http, self._url, self._headers = http, url, {"Host": host}

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
        urls = {url for page in pages for url in URL.findall(page)}
        assert len(urls) >= 5
        found = {url: await self.get(url) for url in sorted(urls)}
        assert {url for url, (status, _) in found.items() if status != 200} == set()
        return {url: body for url, (_, body) in found.items()}

    async def listen(self, channel: str) -> AsyncGenerator[dict[str, Any], None]:
        """Yield what is told on a channel of the bus, coming back as Odoo's own client does.

        That waits before it comes back, and says what it was told last.
        """
        last = 0
        headers = {**self._headers, "Origin": f"http://{self._headers['Host']}"}
        while True:
            async with self._http.ws_connect(f"{self._url}/websocket", headers=headers) as socket:
                wanted = {"channels": [channel], "last": last}
                await socket.send_json({"event_name": "subscribe", "data": wanted})
                async for frame in socket:
                    for told in frame.json():
                        last = told["id"]
                        yield told["message"]
            await asyncio.sleep(1.5)


@dataclass
class Listener:
    """A page that is kept up to date: the numbers it has been told."""

    told: list[int] = field(default_factory=list)

    async def live(self, browser: Browser) -> None:
        async with aclosing(browser.listen("oc_numbers")) as messages:
            async for message in messages:
                if message["type"] == "number":
                    self.told.append(message["payload"])


class Numbers:
    """Tells numbers on the bus, one after another, as a user's work does."""

    def __init__(self, odoo: OdooUser, action: int) -> None:
        self._odoo, self._action = odoo, action
        self.last = 0

    @classmethod
    async def of(cls, site: Site) -> "Numbers":
        odoo = await site.odoo()
        (model,) = await odoo.call("ir.model", "search", [("model", "=", "res.partner")])
        code = "env['bus.bus']._sendone('oc_numbers', 'number', env.context['number'])"
        values = {"name": "Tell", "model_id": model, "state": "code", "code": code}
        return cls(odoo, await odoo.call("ir.actions.server", "create", values))

    async def tell(self) -> None:
        """Tell another number twice a second, for ever."""
        while True:
            context = {"number": self.last + 1}
            await self._odoo.call("ir.actions.server", "run", [self._action], context=context)
            self.last += 1
            await asyncio.sleep(0.5)


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
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        # Who has none need not say its version of the client of websockets.
        skip_auto_headers=("User-Agent",),
    ) as http:
        browser = Browser(http, site.platform.proxy_url, odoo.host)
        # The login page of somebody who is in leads on.
        await browser.sign_in(odoo.login, odoo.password)
        yield browser


async def bundles(site: Site) -> set[str]:
    """Return what is ready to be served, without asking for any of it."""
    odoo = await site.odoo()
    wanted = [("url", "=like", "/web/assets/%"), ("res_model", "=", "ir.ui.view")]
    found = await odoo.call("ir.attachment", "search_read", wanted, fields=["url"])
    return {each["url"] for each in found}


async def test_open_pages_go_on_through_both_kinds_of_switch(
    platform: Platform, tmp_path: Path
) -> None:
    repository = tmp_path / "repository"
    await build_repository(repository)
    git(repository, "reset", "--quiet", "--hard", "v2")
    versions = [
        with_assets(repository, number, version=version)
        for number, version in enumerate(("19.0.1.1.0", "19.0.1.1.0", "19.0.1.2.0"), start=1)
    ]
    # With workers, websockets are a process of their own.
    site = await Site.make(platform, repository, tmp_path.name, workers=2)
    first = await site.deploy(commitSha=versions[0])
    assert first["status"] == "succeeded", await site.log(first)
    numbers, listeners = await Numbers.of(site), [Listener() for _ in range(20)]
    async with (
        browsing(site) as browser,
        working(numbers.tell(), *(each.live(browser) for each in listeners)),
    ):
        files = await browser.files()
        for sha in versions[1:]:
            deployed = await site.deploy(commitSha=sha)
            assert deployed["status"] == "succeeded", await site.log(deployed)
            ready = await bundles(site)
            for url, body in files.items():
                assert await browser.get(url) == (200, body), url
            old, files = set(files), await browser.files()
            assert len(set(files) - old) >= 4
            assert set(files) <= ready
        await until_told(listeners, numbers)
    for listener in listeners:
        assert listener.told == list(range(listener.told[0], listener.told[0] + len(listener.told)))
    await site.retire()


async def until_told(listeners: Sequence[Listener], numbers: Numbers) -> None:
    """Wait until everybody has been told what was told until now."""
    last = numbers.last
    async with asyncio.timeout(60):
        while any(each.told[-1] < last for each in listeners):  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.2)
