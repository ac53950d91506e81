"""Users of a real Odoo who never stop asking, and what became of each request.

All of them are one signed-in user on many connections. Each asks in turns for what a browser asks
for: the login page, the asset bundle that it names, `/web/health`, rows by JSON-RPC, and a new row
that no other request writes. So a write that got lost or was done twice shows in the database.
"""

import asyncio
import html
import itertools
import math
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import aiohttp

from ocore.demo.odoo_rpc import OdooUser
from ocore.kit import clock

_LONGEST_SECONDS: Final = 120
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_BUNDLE: Final = re.compile(r'"(/web/assets/[^"]+\.css)"')
_LOGIN: Final = "/web/login"
_ROWS: Final = "/web/dataset/call_kw/library.loan"


class Kind(StrEnum):
    """What a request asks for."""

    LOGIN = "login page"
    READ = "read"
    WRITE = "write"
    ASSET = "asset"
    HEALTH = "health"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request: when it was sent, how long its answer took, and what was wrong with it."""

    kind: Kind
    sent: datetime
    seconds: float
    failure: str | None

    def within(self, begin: datetime, end: datetime) -> bool:
        """Say whether it was under way at any moment from begin to end."""
        return self.sent <= end and self.sent + timedelta(seconds=self.seconds) >= begin


class Wrong(Exception):
    """An answer that no user may get."""


@dataclass(slots=True)
class Load:
    """What the users saw. `written` are the marks of the rows that Odoo said it had written."""

    requests: list[Request] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def failures(self) -> Counter[str]:
        return failures(self.requests)

    def within(self, begin: datetime, end: datetime) -> list[Request]:
        return [request for request in self.requests if request.within(begin, end)]


def failures(requests: Iterable[Request]) -> Counter[str]:
    """Count what went wrong, by kind of request and what was wrong."""
    return Counter(f"{each.kind}: {each.failure}" for each in requests if each.failure)


def percentile(requests: Sequence[Request], share: float) -> float:
    """Return the seconds within which this share of the requests was answered."""
    ordered = sorted(each.seconds for each in requests)
    return ordered[math.ceil(share * len(ordered)) - 1]


def longest(requests: Iterable[Request]) -> float:
    return max(each.seconds for each in requests)


async def miswritten(load: Load, odoo: OdooUser) -> dict[str, int]:
    """Return how often a row is in the database, for each that is not there exactly once."""
    rows = await odoo.call("library.loan", "search_read", [], fields=["borrower"])
    found = Counter(row["borrower"] for row in rows)
    lost = {mark: 0 for mark in load.written if mark not in found}
    return lost | {mark: number for mark, number in found.items() if number > 1}


@asynccontextmanager
async def users(odoo: OdooUser, number: int, *, pause: float) -> AsyncIterator[Load]:
    """Let so many users ask, each some time after its last answer, until the context ends.

    Every request has its answer then. `pause` is the mean of these times, in seconds. They differ
    as those of people do: with equal ones, users who once waited together would come back together
    for ever, and wait for each other.
    """
    load, over = Load(), asyncio.Event()
    book = (await odoo.call("library.book", "search", [], limit=1))[0]
    async with _browser(odoo, load) as browser:
        bundle = await _sign_in(browser, odoo)
        crowd = _Crowd(
            browser=browser,
            load=load,
            book=book,
            bundle=bundle,
            pause=pause,
            chance=random.Random(0),  # noqa: S311 - the same in every run
        )
        async with asyncio.TaskGroup() as group:
            for place in range(number):
                kinds = itertools.islice(_turns(), place, None)
                group.create_task(crowd.ask_on(kinds, over, after=pause * place / number))
            yield load
            over.set()


def _turns() -> Iterator[Kind]:
    return itertools.cycle(Kind)


@asynccontextmanager
async def _browser(odoo: OdooUser, load: Load) -> AsyncIterator[aiohttp.ClientSession]:
    async def opened(*_: object) -> None:
        load.connections += 1

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(opened)
    async with aiohttp.ClientSession(
        odoo.url,
        headers={"Host": odoo.host},
        timeout=aiohttp.ClientTimeout(total=_LONGEST_SECONDS),
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3600),
        # The address is that of this machine, and a jar takes no cookies of an address otherwise.
        cookie_jar=aiohttp.CookieJar(unsafe=True),
        trace_configs=[trace],
    ) as session:
        yield session


async def _sign_in(browser: aiohttp.ClientSession, odoo: OdooUser) -> str:
    """Sign in as a person does, and return where the login page has its style from."""
    async with browser.get(_LOGIN) as page:
        text = await page.text()
    token, bundle = _TOKEN.search(text), _BUNDLE.search(text)
    assert token is not None, text
    assert bundle is not None, text
    form = {"login": odoo.login, "password": odoo.password, "csrf_token": token[1]}
    async with browser.post(_LOGIN, data=form, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
    return html.unescape(bundle[1])


@dataclass(slots=True, kw_only=True)
class _Crowd:
    browser: aiohttp.ClientSession
    load: Load
    book: int
    bundle: str
    pause: float
    chance: random.Random
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    marks: Iterator[int] = field(default_factory=itertools.count)

    async def ask_on(self, kinds: Iterator[Kind], over: asyncio.Event, *, after: float) -> None:
        await asyncio.sleep(after)
        for kind in kinds:
            if over.is_set():
                return
            await self._note(kind)
            await asyncio.sleep(self.chance.expovariate(1 / self.pause))

    async def _note(self, kind: Kind) -> None:
        sent, began, failure = clock.now(), time.monotonic(), None
        try:
            await self._ask(kind)
        except Wrong as wrong:
            failure = str(wrong)
        except (aiohttp.ClientError, TimeoutError) as broken:
            failure = repr(broken)
        seconds = time.monotonic() - began
        self.load.requests.append(Request(kind=kind, sent=sent, seconds=seconds, failure=failure))

    async def _ask(self, kind: Kind) -> None:
        match kind:
            case Kind.LOGIN:
                found = _BUNDLE.search(await self._get(_LOGIN))
                self.bundle = html.unescape(found[1]) if found else self.bundle
            case Kind.ASSET:
                await self._get(self.bundle)
            case Kind.HEALTH:
                await self._get("/web/health")
            case Kind.READ:
                await self._call("search_read", [], fields=["borrower"], limit=20)
            case Kind.WRITE:
                mark = f"{self.run}-{next(self.marks)}"
                await self._call("create", [{"book_id": self.book, "borrower": mark}])
                self.load.written.append(mark)

    async def _get(self, path: str) -> str:
        async with self.browser.get(path) as answer:
            text = await answer.text()
        _expect_good(answer, wanted=path)
        return text

    async def _call(self, method: str, *args: Any, **kwargs: Any) -> None:
        params = {"model": "library.loan", "method": method, "args": args, "kwargs": kwargs}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        async with self.browser.post(f"{_ROWS}/{method}", json=body) as answer:
            said = await answer.json() if answer.status == 200 else {}
        _expect_good(answer, wanted=_ROWS)
        # A session that Odoo does not know is an error with code 100, and status 200.
        if error := said.get("error"):
            raise Wrong(f"{error['code']} {error['message']}: {error['data']['message']}")


def _expect_good(answer: aiohttp.ClientResponse, *, wanted: str) -> None:
    if answer.status != 200:
        raise Wrong(str(answer.status))
    # A page that only the signed-in may see, asked for with a lost session.
    if answer.url.path == _LOGIN != wanted:
        raise Wrong("sent to the login page")
