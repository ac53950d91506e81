"""What the tests of the runtimes ask of a running Odoo, of its database, and of its server."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, LiteralString

import aiohttp
import psycopg

from ocore.artifacts import Colour, Endpoint
from ocore.environments import Instance
from ocore.runtime import Probe
from tests.runtime.sites import Site


async def healthy(site: Site, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
    watch = site.watch
    probes: tuple[Probe, ...] = ()
    for _ in range(120):
        probes = await watch.probe(instance, endpoint)
        if all(probe.passed for probe in probes):
            return probes
        await asyncio.sleep(0.25)
    tail = await watch.log_tail(instance, Colour.BLUE, 60)
    raise AssertionError(f"{probes[-1]}\n" + "\n".join(tail))


async def sign_in(browser: aiohttp.ClientSession, endpoint: Endpoint) -> None:
    """Sign in at one colour; the cookies are good for all ports of this machine."""
    url = f"http://{endpoint.host}:{endpoint.http_port}/web/login"
    async with browser.get(url) as page:
        found = re.search(r'name="csrf_token" value="([^"]+)"', await page.text())
    assert found is not None
    form = {"login": "admin", "password": "admin", "csrf_token": found[1]}
    async with browser.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()


async def status_of(browser: aiohttp.ClientSession, endpoint: Endpoint, path: str) -> int:
    url = f"http://{endpoint.host}:{endpoint.http_port}{path}"
    async with browser.get(url, allow_redirects=False) as answer:
        return answer.status


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.1)


SLOW_CONTROLLER = """
import time

from odoo import http


class Slow(http.Controller):
    @http.route("/oc_slow", type="http", auth="public")
    def slow(self):
        http.request.env.cr.execute("SELECT pg_sleep(4)")
        return "done"

    @http.route("/oc_waits", type="http", auth="public")
    def waits(self):
        # As between two tries of a transaction that met another one.
        http.request.env.cr.rollback()
        time.sleep(6)
        http.request.env.cr.execute("SELECT 1")
        return "done"
"""


def addon(site: Site, name: str, data: str, *, controller: str = "") -> Path:
    """Write a module into an addons folder of its own, and return that folder."""
    folder = site.home.cache / "addons" / name
    module = folder / name
    module.mkdir(parents=True)
    manifest = {"name": name, "depends": ["web"], "data": ["data.xml"], "license": "LGPL-3"}
    (module / "__manifest__.py").write_text(repr(manifest))
    (module / "__init__.py").write_text("from . import controllers\n")
    (module / "controllers.py").write_text(controller)
    (module / "data.xml").write_text(data)
    return folder


def query(site: Site, database: str, text: LiteralString, *values: object) -> list[Any]:
    conninfo = site.host.server.conninfo(database)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        cursor = connection.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def state_of(site: Site, instance: Instance, module: str) -> str:
    rows = query(
        site, instance.database, "SELECT state FROM ir_module_module WHERE name = %s", module
    )
    return str(rows[0][0])


def listeners(site: Site, instance: Instance) -> set[str]:
    """Who waits for scheduled actions of this instance: they hold a session on `postgres`."""
    rows = query(
        site,
        "postgres",
        "SELECT application_name FROM pg_stat_activity WHERE usename = %s AND datname = 'postgres'"
        " AND state = 'idle'",
        instance.database,
    )
    return {name for (name,) in rows}


def at_work(site: Site, instance: Instance, part: str, statement: str = "%") -> bool:
    rows = query(
        site,
        "postgres",
        "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state <> 'idle'"
        " AND datname = %s AND query LIKE %s",
        f"{instance.database}/{part}",
        instance.database,
        statement,
    )
    return bool(rows)


COUNT = "env.cr.execute('UPDATE oc_runs SET runs = runs + 1')"


def count_runs_of_a_due_action(site: Site, instance: Instance, seconds: int = 0) -> str:
    """Make one scheduled action due, which counts its runs, and switch off all others.

    Returns its name.
    """
    database = instance.database
    query(site, database, "CREATE TABLE oc_runs AS SELECT 0 AS runs")
    query(site, database, "GRANT ALL ON oc_runs TO PUBLIC")
    query(site, database, "UPDATE ir_cron SET active = false")
    code = f"env.cr.execute('SELECT pg_sleep({seconds})')\n{COUNT}"
    return make_due(site, instance, code, place=0)


def count_runs_of_a_second_one(site: Site, instance: Instance) -> None:
    """Make another action due, which Odoo runs right after the first."""
    make_due(site, instance, COUNT, place=1)


def make_due(site: Site, instance: Instance, code: str, *, place: int) -> str:
    """Let the scheduled action at this place run this code next, and return its name."""
    database = instance.database
    [(cron, name, action)] = query(
        site,
        database,
        "SELECT id, cron_name, ir_actions_server_id FROM ir_cron ORDER BY id LIMIT 1 OFFSET %s",
        place,
    )
    query(
        site,
        database,
        "UPDATE ir_act_server SET state = 'code', code = %s WHERE id = %s",
        code,
        action,
    )
    query(
        site,
        database,
        "UPDATE ir_cron SET active = true, nextcall = now() - interval '1 hour', priority = %s,"
        " interval_number = 1, interval_type = 'months' WHERE id = %s",
        place,
        cron,
    )
    return str(name)


def be_quick(site: Site, instance: Instance) -> None:
    """Let the first action do no more than count."""
    make_due(site, instance, COUNT, place=0)


def write_on_others(site: Site, instance: Instance, *, after_seconds: int) -> None:
    """Let the first action change all the others before it counts."""
    code = (
        f"env.cr.execute('SELECT pg_sleep({after_seconds})')\n"
        "env.cr.execute('UPDATE ir_cron SET priority = 9 WHERE NOT active')\n"
    )
    make_due(site, instance, code + COUNT, place=0)


async def woken_until(site: Site, instance: Instance, condition: Callable[[], object]) -> None:
    """Wake the crons again and again: those that miss it sleep for a minute."""
    async with asyncio.timeout(100):
        while not condition():
            query(site, "postgres", "SELECT pg_notify('cron_trigger', %s)", instance.database)
            await asyncio.sleep(0.5)


def runs(site: Site, instance: Instance) -> int:
    return int(query(site, instance.database, "SELECT runs FROM oc_runs")[0][0])
