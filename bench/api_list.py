"""GET list of 20 full deployments out of 100,000, against a bare ASGI app with the same bytes.

Both apps run in this process over the same PostgreSQL and answer the same number of requests, one
after the other in alternating rounds, through ASGI itself: no socket, no HTTP client in the figure.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg_pool import AsyncConnectionPool

from bench.records import Ground, deployed, ground
from ocore.api.app import create_app
from ocore.deployments.model import Deployment

AIM: Final = "ratio of at least 0.5"
_ROWS: Final = 100_000
_PAGE: Final = 20
_AT_ONCE: Final = 8
_REQUESTS: Final = 400
_ROUNDS: Final = 11

Message = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]

_COPIES: Final = """
INSERT INTO deployments (
       id, organization_id, project_id, instance_id, status, trigger, record, view)
SELECT fresh.id, organization_id, project_id, instance_id, status, trigger,
       replace(record::text, deployments.id::text, fresh.id::text)::json,
       replace(view, deployments.id::text, fresh.id::text)
  FROM deployments, (SELECT uuidv7() AS id FROM generate_series(1, %(copies)s)) AS fresh
 WHERE deployments.id = %(original)s
"""
_COUNT: Final = """
UPDATE projects SET deployments_count = (SELECT count(*) FROM deployments WHERE project_id = id)
"""
# No auth, no tenant, no transaction: one round trip, and bytes that are sent on as they came.
_PAGE_ROWS: Final = """
SELECT p.deployments_count, d.view
  FROM deployments d JOIN projects p ON p.id = d.project_id
 WHERE p.id = %(project)s
 ORDER BY d.queue_number DESC LIMIT %(limit)s OFFSET %(offset)s
"""


def run() -> dict[str, object]:
    return asyncio.run(_run())


async def _run() -> dict[str, object]:
    async with ground() as here:
        await _fill(here, await deployed(here.records))
        async with _bare_app(here) as bare:
            ours = create_app(here.services)
            async with ours.lifespan():
                return await _compare(ours, bare, _scope(here))


async def _fill(here: Ground, original: Deployment) -> None:
    """Make the table as large as it shall be, each row as full as the one that really ran."""
    async with await psycopg.AsyncConnection.connect(here.admin, autocommit=True) as connection:
        values = {"original": original.id, "copies": _ROWS - 2}
        await connection.execute(_COPIES, values)
        await connection.execute(_COUNT)
        await connection.execute("VACUUM ANALYZE")


@asynccontextmanager
async def _bare_app(here: Ground) -> AsyncIterator[App]:
    """Return the same page as somebody would write it who wants nothing but this page."""
    values = {"project": here.records.acme.project.id, "limit": _PAGE, "offset": 0}

    async def app(_scope: Message, _receive: App, send: App) -> None:
        async with pool.connection() as connection:
            found = await connection.execute(_PAGE_ROWS, values, binary=True)
            rows = await found.fetchall()
        views = b",".join([view for _, view in rows])
        body = b'{"deployments":[%b],"limit":%d,"offset":0,"total":%d}' % (views, _PAGE, rows[0][0])
        length = (b"content-length", str(len(body)).encode())
        headers = [(b"content-type", b"application/json"), length]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async with AsyncConnectionPool(
        here.admin,
        configure=_text_as_bytes,
        kwargs={"autocommit": True},
        min_size=_AT_ONCE,
        max_size=_AT_ONCE,
        open=False,
    ) as pool:
        yield app


async def _text_as_bytes(connection: psycopg.AsyncConnection) -> None:
    connection.adapters.register_loader("text", _Bytes)


class _Bytes(Loader):
    format = Format.BINARY

    def load(self, data: Buffer) -> bytes:
        return bytes(data)


def _scope(here: Ground) -> Message:
    path = f"/api/projects/{here.records.acme.project.id}/deployments"
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": f"limit={_PAGE}".encode(),
        "headers": [
            (b"host", b"127.0.0.1:8470"),
            (b"accept", b"application/json"),
            (b"authorization", f"Bearer {here.token()}".encode()),
        ],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8470),
    }


async def _compare(ours: App, bare: App, scope: Message) -> dict[str, object]:
    body = await _get(ours, scope)
    assert body == await _get(bare, scope), "the two apps do not answer the same"
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for number in range(_ROUNDS + 1):
        for name, app in (("ours", ours), ("bare", bare)):
            rate = await _requests_per_second(app, scope)
            if number:  # The first round warms up.
                rates[name].append(rate)
    ours_rate, bare_rate = (statistics.median(rates[name]) for name in ("ours", "bare"))
    return {
        "name": "api-list",
        "ratio": round(ours_rate / bare_rate, 3),
        "aim": AIM,
        "requests_per_s": round(ours_rate),
        "bare_requests_per_s": round(bare_rate),
        "rows": _ROWS,
        "page_kb": round(len(body) / 1000, 1),
        "at_once": _AT_ONCE,
        "rounds": _ROUNDS,
    }


async def _requests_per_second(app: App, scope: Message) -> float:
    async def ask() -> None:
        for _ in range(_REQUESTS // _AT_ONCE):
            await _get(app, scope)

    begun = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
    return _REQUESTS / (time.perf_counter() - begun)


async def _get(app: App, scope: Message) -> bytes:
    status, parts = 0, []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.append(message.get("body", b""))

    # A server gives each request a scope of its own, and frameworks write into it.
    await app({**scope, "state": {}}, receive, send)
    body = b"".join(parts)
    assert status == 200, body
    return body
