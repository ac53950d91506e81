"""What people notice of a switch who have Odoo open: nothing."""

import asyncio
import itertools
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from ocore.demo.odoo_rpc import OdooUser
from ocore.demo.repository import build_repository
from tests.git import commit, git
from tests.integration.load import miswritten, users
from tests.integration.pages import Browser, Numbers, browsing, until_told, working
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
EDITION = """\
from odoo import api, models
from odoo.tools import file_open


class Edition(models.Model):
    _inherit = "library.loan"

    @api.model
    def _edition(self):
        with file_open("library_loans/static/src/loans.js") as script:
            return script.read()
"""
USERS = 6


def with_assets(path: Path, number: int, *, version: str) -> str:
    """Commit static files of their own for the backend, the login page, and one loaded later.

    Code of the module can tell which commit it is of.
    """
    manifest = path / "library_loans" / "__manifest__.py"
    text = re.sub(r'"19\.0\.[0-9.]+"', f'"{version}"', manifest.read_text())
    if "assets" not in text:
        text = text.replace('    "application"', f'{ASSETS}    "application"')
    static = "library_loans/static/src"
    return commit(
        path,
        {
            "library_loans/__manifest__.py": text,
            "library_loans/models/__init__.py": "from . import library_book, library_loan, edition",
            "library_loans/models/edition.py": EDITION,
            f"{static}/loans.js": script(number),
            f"{static}/loans.scss": f".o_loans {{ order: {number}; }}\n",
        },
        f"Change assets for the {number}. time",
    )


def script(number: int) -> str:
    return f"window.loans = {number};\n"


class Actions:
    """Scheduled actions of which one is always due, and which note what version runs them."""

    def __init__(self, odoo: OdooUser, waker: int) -> None:
        self._odoo, self._waker = odoo, waker

    @classmethod
    async def of(cls, site: Site) -> "Actions":
        odoo = await site.odoo()
        [loans] = await odoo.call("ir.model", "search", [("model", "=", "library.loan")])
        note = "log(model._edition(), 'edition')"
        scheduled = {"model_id": loans, "state": "code", "interval_type": "months"}
        # All of them take longer than it takes until they are due again.
        code = f"{note}\ntime.sleep(0.7)\n{note}"
        crons = await odoo.call(
            "ir.cron", "create", [{**scheduled, "name": name, "code": code} for name in "abcd"]
        )
        wake = f"for cron in env['ir.cron'].browse({crons}):\n    cron._trigger()"
        values = {"name": "Wake", "model_id": loans, "state": "code", "code": wake}
        return cls(odoo, await odoo.call("ir.actions.server", "create", values))

    async def wake(self) -> None:
        """Make all of them due every second, for ever."""
        while True:
            await self._odoo.call("ir.actions.server", "run", [self._waker])
            await asyncio.sleep(1)

    async def noted(self) -> list[str]:
        """Return which version was at work when a run began or ended, in the order of that."""
        wanted = [("level", "=", "edition")]
        found = await self._odoo.call(
            "ir.logging", "search_read", wanted, fields=["message"], order="id"
        )
        return [each["message"] for each in found]

    async def until_run_by(self, version: str) -> None:
        async with asyncio.timeout(60):
            while version not in await self.noted():  # noqa: ASYNC110 - of others
                await asyncio.sleep(0.2)


async def bundles(site: Site) -> set[str]:
    """Return what is ready to be served, without asking for any of it."""
    odoo = await site.odoo()
    wanted = [("url", "=like", "/web/assets/%"), ("res_model", "=", "ir.ui.view")]
    found = await odoo.call("ir.attachment", "search_read", wanted, fields=["url"])
    return {each["url"] for each in found}


async def test_open_pages_go_on_through_both_kinds_of_switch(
    platform: Platform, tmp_path: Path
) -> None:
    site = await keep_pages_open_through_both_kinds_of_switch(platform, tmp_path, pages=100)
    await site.retire()


async def keep_pages_open_through_both_kinds_of_switch(
    platform: Platform, folder: Path, *, pages: int
) -> Site:
    """Deploy twice while people have pages open, work, and have scheduled actions run."""
    versions = await three_versions(folder / "repository")
    # With workers, websockets are a process of their own.
    site = await Site.make(platform, folder / "repository", folder.name, workers=2)
    first = await site.deploy(commitSha=versions[0])
    assert first["status"] == "succeeded", await site.log(first)
    numbers, actions, odoo = await Numbers.of(site), await Actions.of(site), await site.odoo()
    async with browsing(site) as browser, users(odoo, USERS, pause=0.5) as load:
        opened = [browser.open_page() for _ in range(pages)]
        async with working(numbers.tell(), actions.wake(), *(each.live() for each in opened)):
            files = await browser.files()
            await actions.until_run_by(script(1))
            for number, sha in enumerate(versions[1:], start=2):
                deployed = await site.deploy(commitSha=sha)
                assert deployed["status"] == "succeeded", await site.log(deployed)
                files = await files_after_a_switch(site, browser, files)
                await actions.until_run_by(script(number))
            await until_told(opened, numbers)
    for page in opened:
        assert page.told == list(range(page.told[0], page.told[0] + len(page.told)))
        assert page.refused == []
    assert load.failures == {}
    assert await miswritten(load, odoo) == {}
    assert (len(load.written) > USERS, load.connections) == (True, USERS)
    # No version ran an action before the last run of the one before had ended.
    ran = [version for version, _ in itertools.groupby(await actions.noted())]
    assert ran == [script(number) for number in (1, 2, 3)]
    return site


async def three_versions(repository: Path) -> list[str]:
    """Commit three versions: the second needs no update, the third does."""
    await build_repository(repository)
    git(repository, "reset", "--quiet", "--hard", "v2")
    return [
        with_assets(repository, number, version=version)
        for number, version in enumerate(("19.0.1.1.0", "19.0.1.1.0", "19.0.1.2.0"), start=1)
    ]


async def files_after_a_switch(
    site: Site, browser: Browser, before: Mapping[str, bytes]
) -> dict[str, bytes]:
    """Return what pages refer to now; what they did before is there as it was."""
    ready = await bundles(site)
    for url, body in before.items():
        assert await browser.get(url) == (200, body), url
    now = await browser.files()
    assert len(set(now) - set(before)) >= 4
    assert set(now) <= ready
    return now
