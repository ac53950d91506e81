"""Which bundles stay while another version makes its own.

Odoo is played by its own two statements here, and by a server that leads to bundles as its
controller does. Real Odoo is deployed in tests/integration/test_switching.py.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import pytest
from aiohttp import web

from ocore.artifacts import Endpoint
from ocore.assets.bridge import AssetBridge
from ocore.errors import StepFailed
from ocore.kit.databases import connected, drop_database
from ocore.kit.postgres import PostgresServer
from tests.databases.odoo_like import instance

SHOP: Final = instance("assets_shop")
TABLE: Final = """
    CREATE TABLE ir_attachment (
        id serial PRIMARY KEY, url text, write_date timestamp, res_model text, public boolean)
"""
HOURS_AGO: Final = """
    INSERT INTO ir_attachment (url, write_date, res_model, public) VALUES
        (%s, now() AT TIME ZONE 'UTC' - make_interval(hours => %s), 'ir.ui.view', true)
"""
# AssetsBundle._unlink_attachments
DELETE: Final = """
    DELETE FROM ir_attachment WHERE id IN (
        SELECT id FROM ir_attachment WHERE url LIKE %s AND url <> %s
        FOR NO KEY UPDATE SKIP LOCKED)
"""


@pytest.fixture
async def database(postgres_server: PostgresServer) -> AsyncIterator[PostgresServer]:
    async with connected(postgres_server) as connection:
        await connection.execute(f"CREATE DATABASE {SHOP.database}".encode())
    await run(postgres_server, TABLE)
    yield postgres_server
    async with connected(postgres_server) as connection:
        await drop_database(connection, SHOP.database)


async def run(server: PostgresServer, statement: str, *values: object) -> None:
    async with connected(server, SHOP.database) as connection:
        await connection.execute(statement.encode(), values)


async def urls(server: PostgresServer) -> set[str]:
    async with connected(server, SHOP.database) as connection:
        found = await connection.execute("SELECT url FROM ir_attachment")
        return {url for (url,) in await found.fetchall()}


@asynccontextmanager
async def odoo(server: PostgresServer, version: str) -> AsyncIterator[Endpoint]:
    """Serve bundles of one version, each made when it is asked for; `broken.js` never is."""

    async def bundle(request: web.Request) -> web.Response:
        asked, name = request.match_info["version"], request.match_info["name"]
        own = f"/web/assets/{version}/{name}"
        if name == "broken.js":
            return web.Response(status=500)
        if name == "gone.js":
            return web.Response(status=404)
        if asked != version:
            raise web.HTTPSeeOther(own)
        if own not in await urls(server):
            await run(server, HOURS_AGO, own, 0)
            await run(server, DELETE, f"/web/assets/_______/{name}", own)
        return web.Response()

    app = web.Application()
    app.router.add_get("/web/assets/{version}/{name}", bundle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield Endpoint(host="127.0.0.1", http_port=port, websocket_port=port)
    await runner.cleanup()


async def switch_to(server: PostgresServer, version: str, said: list[str]) -> int:
    async def ready() -> None:
        await asyncio.sleep(0)

    async with odoo(server, version) as endpoint:
        return await AssetBridge(server).bridge(SHOP, endpoint, ready, say=said.append)


async def test_bundles_of_both_versions_are_there_and_older_ones_go(
    database: PostgresServer,
) -> None:
    await run(database, HOURS_AGO, "/web/assets/aaaaaaa/shop.js", 90)
    await run(database, HOURS_AGO, "/web/assets/bbbbbbb/shop.js", 30)
    await run(database, HOURS_AGO, "/web/assets/ccccccc/shop.js", 2)
    assert await switch_to(database, "ddddddd", []) == 3
    # Version b was replaced 2 hours ago: its pages may still be open.
    assert {url for url in await urls(database) if url.endswith("shop.js")} == {
        f"/web/assets/{version}/shop.js" for version in ("bbbbbbb", "ccccccc", "ddddddd")
    }
    assert "/web/assets/ddddddd/web.assets_web.min.css" in await urls(database)


async def test_what_a_rollback_serves_again_is_the_newest(database: PostgresServer) -> None:
    await run(database, HOURS_AGO, "/web/assets/aaaaaaa/shop.js", 90)
    await run(database, HOURS_AGO, "/web/assets/bbbbbbb/shop.js", 30)
    await switch_to(database, "aaaaaaa", [])
    await run(database, "UPDATE ir_attachment SET write_date = write_date - interval '40 hours'")
    await switch_to(database, "ddddddd", [])
    assert {url for url in await urls(database) if url.endswith("shop.js")} == {
        "/web/assets/aaaaaaa/shop.js",
        "/web/assets/ddddddd/shop.js",
    }


async def test_a_bundle_that_cannot_be_made_is_said_and_one_that_is_no_more_is_not(
    database: PostgresServer,
) -> None:
    await run(database, HOURS_AGO, "/web/assets/aaaaaaa/broken.js", 2)
    await run(database, HOURS_AGO, "/web/assets/aaaaaaa/gone.js", 2)
    said: list[str] = []
    assert await switch_to(database, "bbbbbbb", said) == 2
    assert said == ["broken.js could not be made before the switch: 500"]
    assert {"/web/assets/aaaaaaa/broken.js", "/web/assets/aaaaaaa/gone.js"} <= await urls(database)


async def test_nothing_is_held_when_the_version_never_answers(database: PostgresServer) -> None:
    async def never() -> None:
        raise StepFailed("not healthy")

    await run(database, HOURS_AGO, "/web/assets/aaaaaaa/shop.js", 2)
    nowhere = Endpoint(host="127.0.0.1", http_port=1, websocket_port=1)
    with pytest.raises(StepFailed, match="not healthy"):
        await AssetBridge(database).bridge(SHOP, nowhere, never, say=print)
    await run(database, DELETE, "/web/assets/%", "")
    assert await urls(database) == set()
