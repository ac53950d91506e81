"""What 1,000 open pages, and the users beside them, notice of deployments.

Each page has a websocket, hears what is told on the bus, and comes back as Odoo's own client does.
Beside them 8 connections ask on and on. `ratio` is p99 of their requests in a switch of code with
the pages open against p99 in a switch without any, in the same run. `p99_return_ms` is p99 from
there until the last page is back.

    SOCKETS=1000 WORKERS=2 make bench NAME=websockets      without workers at most 200
"""

import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.switch import company, outcome, requests_during
from ocore.deployments.model import Step
from ocore.kit import clock
from tests.integration.conftest import new_home
from tests.integration.load import Load, percentile, users
from tests.integration.pages import Numbers, Page, browsing, until_told, working
from tests.integration.platform import Platform, Site
from tests.integration.repository import migrating, restyled

AIM: Final = "no failed request, no refused websocket, nothing missed; ratio of at most 3"
SOCKETS: Final = int(os.environ.get("SOCKETS") or 1000)
WORKERS: Final = int(os.environ.get("WORKERS") or 2)
_USERS: Final = 8
_PAUSE_SECONDS: Final = 0.25
_TELL_SECONDS: Final = 5.0
_RETURN_SECONDS: Final = 300


def run() -> dict[str, object]:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder, new_home("websockets") as home:
        return asyncio.run(_run(home, Path(folder) / "repository"))


async def _run(home: Path, repository: Path) -> dict[str, object]:
    first = await company(repository)
    platform = await Platform(home).up()
    try:
        site = await Site.make(platform, repository, "shop", workers=WORKERS)
        await _deployed(site, first)
        async with users(await site.odoo(), _USERS, pause=_PAUSE_SECONDS) as load:
            alone = _of_requests(load, await _deployed(site, restyled(repository, 1)))
            watched = await _with_pages(site, load, repository)
    finally:
        platform.down()
    return {
        "name": "websockets",
        "aim": AIM,
        "ratio": round(watched["code_only"]["p99_switch_ms"] / alone["p99_switch_ms"], 2),
        "sockets": SOCKETS,
        "workers": WORKERS,
        "users": _USERS,
        "alone": alone,
        **watched,
        **outcome(load.requests),
        "cores": os.cpu_count(),
    }


async def _with_pages(site: Site, load: Load, repository: Path) -> dict[str, Any]:
    numbers = await Numbers.of(site)
    async with browsing(site) as browser:
        pages = [browser.open_page() for _ in range(SOCKETS)]
        began = time.monotonic()
        async with working(numbers.tell(pause=_TELL_SECONDS), *(each.live() for each in pages)):
            await _all_connected(pages)
            opened = round(time.monotonic() - began, 1)
            crowd = _Crowd(site, load, pages)
            code = await crowd.deploy(restyled(repository, 2))
            update = await crowd.deploy(migrating(repository, 1))
            await until_told(pages, numbers)
    missed = sum(page.told[-1] - page.told[0] + 1 - len(page.told) for page in pages)
    return {"opened_s": opened, "code_only": code, "update": update, "missed": missed}


@dataclass(frozen=True, slots=True)
class _Crowd:
    """People with pages open on an instance that is deployed to."""

    site: Site
    load: Load
    pages: Sequence[Page]

    async def deploy(self, sha: str) -> dict[str, Any]:
        """Deploy, wait until every page is back, and tell what became of them."""
        began, refused = time.monotonic(), self._refused()
        ended = await _deployed(self.site, sha)
        switched = clock.now()
        await _all_connected(self.pages)
        back = self.load.within(switched, clock.now())
        return {
            **_of_requests(self.load, ended),
            "p99_return_ms": round(percentile(back, 0.99) * 1000),
            **_of_pages(self.pages, began),
            "refused": dict(self._refused() - refused),
        }

    def _refused(self) -> Counter[str]:
        return Counter(answer for page in self.pages for answer in page.refused)


def _of_pages(pages: Sequence[Page], began: float) -> dict[str, Any]:
    """Tell how pages lost their connections from this moment on, and how they came back."""
    lost = [
        [(stay.closed, stay.code) for stay in page.stays if stay.closed and stay.closed > began]
        for page in pages
    ]
    first = [each[0][0] for each in lost if each]
    back = [page.stays[-1].opened for page in pages]
    return {
        "closed_with": dict(Counter(str(code) for each in lost for _, code in each)),
        "closing_s": round(max(first) - min(first), 1),
        "all_back_after_s": round(max(back) - min(first), 1),
        "half_back_after_s": round(statistics.median(back) - min(first), 1),
    }


async def _all_connected(pages: Sequence[Page]) -> None:
    async with asyncio.timeout(_RETURN_SECONDS):
        while not all(each.connected for each in pages):  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.1)


async def _deployed(site: Site, sha: str) -> Mapping[str, Any]:
    ended = await site.deploy(commitSha=sha)
    assert ended["status"] == "succeeded", await site.log(ended)
    return ended


def _of_requests(load: Load, ended: Mapping[str, Any]) -> dict[str, Any]:
    switch = requests_during(load, ended, Step.START, Step.SWITCH)
    return {"p99_switch_ms": round(percentile(switch, 0.99) * 1000), "requests": len(switch)}
