"""What people notice of a switch who have Odoo open: nothing."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.git import commit, git
from tests.integration.platform import Site

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


@asynccontextmanager
async def browsing(site: Site) -> AsyncIterator[Browser]:
    odoo = await site.odoo()
    # Odoo's host name is no name of this machine, and cookies go by the name.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as http:
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


async def test_open_pages_go_on_through_both_kinds_of_switch(site: Site, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    git(repository, "reset", "--quiet", "--hard", "v2")
    versions = [
        with_assets(repository, number, version=version)
        for number, version in enumerate(("19.0.1.1.0", "19.0.1.1.0", "19.0.1.2.0"), start=1)
    ]
    first = await site.deploy(commitSha=versions[0])
    assert first["status"] == "succeeded", await site.log(first)
    async with browsing(site) as browser:
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
