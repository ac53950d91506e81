"""Real Odoo 19 under a real supervisor."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, LiteralString

import aiohttp
import psycopg
import pytest

from ocore.artifacts import Colour, Endpoint
from ocore.environments import Instance, Limits
from ocore.errors import StepFailed
from ocore.kit.processes import process_key
from ocore.kit.secret import derive
from ocore.odoo.results import results_of
from ocore.runtime import ModuleChange, Probe
from ocore.runtime.watch import HttpWatch
from tests.runtime.conftest import SECRET, Site

pytestmark = pytest.mark.odoo

BLUE, GREEN = Colour.BLUE, Colour.GREEN


async def healthy(site: Site, instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
    watch = HttpWatch(site.home)
    probes: tuple[Probe, ...] = ()
    for _ in range(120):
        probes = await watch.probe(instance, endpoint)
        if all(probe.passed for probe in probes):
            return probes
        await asyncio.sleep(0.25)
    tail = await watch.log_tail(instance, BLUE, 60)
    raise AssertionError(f"{probes[-1]}\n" + "\n".join(tail))


async def until(condition: Callable[[], object], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.1)


def processes_of(instance: Instance) -> dict[int, list[str]]:
    """The command line of every process that runs with an odoo.conf of this instance."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_text().split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if any(f"{instance.database}/conf/" in word for word in argv):
            found[int(folder.name)] = argv
    return {pid: argv for pid, argv in found.items() if process_key(pid)}


async def test_a_colour_boots_and_passes_every_probe(site: Site, instance: Instance) -> None:
    shop = replace(instance, smoke_paths=("/robots.txt", "/odoo", "/web/login"))
    endpoint = await site.runtime.start(instance, site.image, BLUE)
    await healthy(site, instance, endpoint)
    probes = await HttpWatch(site.home).probe(shop, endpoint)
    names = [probe.name for probe in probes]
    # A redirect is a failure, and what comes after a failure is not asked.
    assert names == ["/web/health", "/web/login", "asset", "/websocket", "/robots.txt", "/odoo"]
    assert [probe.passed for probe in probes] == [True] * 5 + [False]
    assert probes[-1].answer.startswith("303 to ")


async def test_a_started_colour_is_left_alone_unless_its_image_or_limits_differ(
    site: Site, instance: Instance
) -> None:
    name = f"{instance.database}-blue"
    first = await site.runtime.start(instance, site.image, BLUE)
    await healthy(site, instance, first)
    pid = await pid_of(site, name)
    assert await site.runtime.start(instance, site.image, BLUE) == first
    assert await pid_of(site, name) == pid
    other = site.image_of("other")
    assert await site.runtime.start(instance, other, BLUE) == first
    replaced = await pid_of(site, name)
    assert replaced != pid
    tight = replace(instance, limits=Limits(limit_time_real=60))
    await site.runtime.start(tight, other, BLUE)
    assert await pid_of(site, name) != replaced


async def test_a_colour_whose_image_is_gone_cannot_run(site: Site, instance: Instance) -> None:
    with pytest.raises(StepFailed, match="gone"):
        await site.runtime.start(instance, replace(site.image, tag="acme/shop:none"), BLUE)
    assert await site.supervisor.names() == ()


async def test_both_colours_serve_at_once_and_stopping_one_leaves_the_other(
    site: Site, instance: Instance
) -> None:
    blue, green = await asyncio.gather(
        site.runtime.start(instance, site.image, BLUE),
        site.runtime.start(instance, site.image, GREEN),
    )
    assert blue.http_port != green.http_port
    await healthy(site, instance, blue)
    await healthy(site, instance, green)
    await site.runtime.stop(instance, BLUE)
    await site.runtime.stop(instance, BLUE)
    gone = await HttpWatch(site.home).probe(instance, blue)
    assert [probe.passed for probe in gone] == [False]
    await healthy(site, instance, green)
    await site.runtime.drain(instance)
    await site.runtime.drain(instance)
    assert processes_of(instance) == {}


async def test_a_crashed_colour_is_started_again(site: Site, instance: Instance) -> None:
    endpoint = await site.runtime.start(instance, site.image, BLUE)
    await healthy(site, instance, endpoint)
    pid = await pid_of(site, f"{instance.database}-blue")
    os.kill(pid, signal.SIGKILL)
    await until(lambda: process_key(pid) is None)
    await healthy(site, instance, endpoint)


@pytest.mark.parametrize("workers", [0, 2])
async def test_odoo_dies_with_the_supervisor_and_comes_back_with_it(
    site: Site, instance: Instance, workers: int
) -> None:
    shop = replace(instance, limits=Limits(workers=workers, limit_memory_hard=8 * 1024**3))
    supervisor = await running_supervisor(site)
    endpoint = await site.runtime.start(shop, site.image, BLUE)
    await site.crons.start(shop, site.image)
    await healthy(site, shop, endpoint)
    before = processes_of(shop)
    assert len(before) >= 2
    os.kill(supervisor, signal.SIGKILL)
    # A prefork worker looks for its master every four seconds.
    await until(lambda: not before.keys() & processes_of(shop).keys(), seconds=30)
    process = await site.launch()
    try:
        await healthy(site, shop, endpoint)
        assert await pid_of(site, f"{shop.database}-cron")
    finally:
        await site.supervisor.shutdown()
        process.wait(30)


async def test_odoo_runs_with_few_rights_and_no_password_in_sight(
    site: Site, instance: Instance
) -> None:
    endpoint = await site.runtime.start(instance, site.image, BLUE)
    await site.crons.start(instance, site.image)
    await healthy(site, instance, endpoint)
    password = derive(SECRET, f"database-role:{instance.database}")
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            assert password not in (folder / "cmdline").read_text()
    found = processes_of(instance)
    assert len(found) == 2
    for pid in found:
        variables = Path(f"/proc/{pid}/environ").read_text()
        assert password not in variables
        assert f"HOME={site.home.instances / instance.database / 'data'}" in variables.split("\0")
        if site.host.user is not None:
            assert Path(f"/proc/{pid}").stat().st_uid == site.host.user.uid
            assert "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text()
    conf = site.home.instances / instance.database / "conf" / "blue.conf"
    assert conf.stat().st_mode & 0o777 == 0o600
    assert conf.stat().st_uid == (site.host.user.uid if site.host.user else os.geteuid())


async def test_scheduled_actions_run_in_the_cron_process_only(
    site: Site, instance: Instance
) -> None:
    endpoint = await site.runtime.start(instance, site.image, BLUE)
    await healthy(site, instance, endpoint)
    count_runs_of_a_due_action(site, instance)
    assert listeners(site, instance) == set()
    await asyncio.sleep(3)
    assert runs(site, instance) == 0
    await site.crons.start(instance, site.image)
    await until(lambda: listeners(site, instance) == {f"{instance.database}/cron"})
    wake_crons(site, instance)
    await until(lambda: runs(site, instance) == 1, seconds=100)
    await site.crons.stop(instance)
    await site.crons.stop(instance)
    assert listeners(site, instance) == set()


async def test_a_scheduled_action_at_work_is_given_time_to_end(
    site: Site, instance: Instance
) -> None:
    count_runs_of_a_due_action(site, instance, seconds=4)
    await site.crons.start(instance, site.image)
    await until(lambda: listeners(site, instance))
    wake_crons(site, instance)
    # Not just any work: a registry that loads is at work as well.
    await until(lambda: at_work(site, instance, "cron", "%pg_sleep%"), seconds=100)
    await site.runtime.drain(instance)
    assert runs(site, instance) == 1
    assert processes_of(instance) == {}


async def test_an_update_tells_every_line_and_leaves_nothing_behind(
    site: Site, instance: Instance
) -> None:
    image = site.image_of("good", addon(site, "oc_good", "<odoo/>"))
    lines: list[str] = []
    change = ModuleChange(install=("oc_good",))
    await site.runtime.update(instance, image, change, say=lines.append)
    assert any("Module oc_good loaded" in line for line in lines)
    assert state_of(site, instance, "oc_good") == "installed"
    assert processes_of(instance) == {}
    assert not (site.home.instances / instance.database / "updater").exists()


async def test_an_updater_that_takes_too_long_is_ended(site: Site, instance: Instance) -> None:
    change = ModuleChange(update=("base",), seconds=1)
    with pytest.raises(StepFailed, match=r"did not end in 1 s"):
        await site.runtime.update(instance, site.image, change, say=lambda _line: None)
    await until(lambda: not processes_of(instance))


async def test_tests_of_modules_run_and_are_counted(site: Site, instance: Instance) -> None:
    lines: list[str] = []
    copy = replace(instance, throwaway=True)
    change = ModuleChange(update=("base_setup",), test_tags=("/base_setup",))
    await site.runtime.update(copy, site.image, change, say=lines.append)
    results = results_of(lines)
    assert results is not None
    assert results.unsuccessful == 0


async def test_a_copy_is_neutralized_by_odoos_own_rules(site: Site, instance: Instance) -> None:
    lines: list[str] = []
    copy = replace(instance, throwaway=True)
    await site.runtime.neutralize(copy, site.image, say=lines.append)
    with psycopg.connect(site.host.server.conninfo(instance.database)) as admin:
        found = admin.execute(
            "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'"
        ).fetchone()
    assert found == ("true",)
    assert any("Neutralization finished" in line for line in lines), lines


async def test_an_update_that_fails_says_why(site: Site, instance: Instance) -> None:
    data = '<odoo><record id="x" model="res.partner"><field name="nope">1</field></record></odoo>'
    image = site.image_of("bad", addon(site, "oc_bad", data))
    change = ModuleChange(install=("oc_bad",))
    with pytest.raises(StepFailed, match="nope") as failure:
        await site.runtime.update(instance, image, change, say=lambda _: None)
    assert failure.value.exit_code


async def test_a_killed_updater_is_told_from_one_that_failed(
    site: Site, instance: Instance
) -> None:
    lines: list[str] = []
    update = asyncio.create_task(
        site.runtime.update(instance, site.image, ModuleChange(update=("base",)), say=lines.append)
    )
    await until(lambda: any("loading" in line for line in lines))
    [pid] = processes_of(instance)
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(StepFailed, match="signal 9"):
        await update


async def test_the_updater_of_a_frozen_worker_dies_before_the_next_begins(
    site: Site, instance: Instance
) -> None:
    program = (
        "import asyncio,sys,pickle\n"
        "from ocore.runtime import ModuleChange\n"
        "from tests.runtime.conftest import Site\n"
        "site, instance = pickle.load(sys.stdin.buffer)\n"
        "change = ModuleChange(update=('base',))\n"
        "asyncio.run(site.runtime.update(instance, site.image, change, say=lambda _: None))\n"
    )
    frozen = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert frozen.stdin is not None
    frozen.stdin.write(pickle.dumps((site, instance)))
    frozen.stdin.close()
    record = site.home.instances / instance.database / "updater"
    await until(lambda: record.exists() and at_work(site, instance, "update"))
    stray = processes_of(instance)
    frozen.send_signal(signal.SIGSTOP)
    lines: list[str] = []
    change = ModuleChange(update=("base",))
    try:
        update = asyncio.create_task(
            site.runtime.update(instance, site.image, change, say=lines.append)
        )
        await until(lambda: any("loading" in line for line in lines))
        assert not stray.keys() & processes_of(instance).keys()
        assert "left behind" in lines[0]
        frozen.send_signal(signal.SIGCONT)
        assert await asyncio.to_thread(frozen.wait, 30)
        assert record.exists(), "the thawed worker forgot another's updater"
        await update
    finally:
        frozen.kill()
        frozen.wait()


async def test_an_updater_dies_with_its_worker(site: Site, instance: Instance) -> None:
    update = asyncio.create_task(
        site.runtime.update(
            instance, site.image, ModuleChange(update=("base",)), say=lambda _: None
        )
    )
    await until(lambda: processes_of(instance))
    update.cancel()
    with suppress(asyncio.CancelledError):
        await update
    assert processes_of(instance) == {}


async def test_a_reused_process_id_is_never_killed(site: Site, instance: Instance) -> None:
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    folder = site.home.instances / instance.database
    (folder / "updater").write_text(f'{{"pid": {stranger.pid}, "started": 1}}')
    await site.runtime.halt(instance)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def test_a_request_at_work_ends_before_its_colour_stops(
    site: Site, instance: Instance
) -> None:
    module = addon(site, "oc_slow", "<odoo/>", controller=SLOW_CONTROLLER)
    image = site.image_of("slow", module)
    change = ModuleChange(install=("oc_slow",))
    await site.runtime.update(instance, image, change, say=lambda _: None)
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    url = f"http://{endpoint.host}:{endpoint.http_port}/oc_slow"
    async with aiohttp.ClientSession() as session:
        answer = asyncio.create_task(session.get(url))
        await until(lambda: at_work(site, instance, "blue"))
        await site.runtime.stop(instance, BLUE)
        async with await answer as response:
            assert (response.status, await response.text()) == (200, "done")


SLOW_CONTROLLER = """
from odoo import http


class Slow(http.Controller):
    @http.route("/oc_slow", type="http", auth="public")
    def slow(self):
        http.request.env.cr.execute("SELECT pg_sleep(4)")
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


async def pid_of(site: Site, name: str) -> int:
    """Return the process of a program once it has become Odoo."""
    async with asyncio.timeout(30):
        while True:
            state = await site.supervisor.state(name)
            if state is not None and state.pid is not None:
                return state.pid
            await asyncio.sleep(0.1)


async def running_supervisor(site: Site) -> int:
    return int((site.home.run / "supervisord.pid").read_text())


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


def count_runs_of_a_due_action(site: Site, instance: Instance, seconds: int = 0) -> None:
    """Make one scheduled action due, which counts its runs, and switch off all others."""
    code = (
        f"env.cr.execute('SELECT pg_sleep({seconds})')\n"
        "env.cr.execute('UPDATE oc_runs SET runs = runs + 1')"
    )
    database = instance.database
    query(site, database, "CREATE TABLE oc_runs AS SELECT 0 AS runs")
    query(site, database, "GRANT ALL ON oc_runs TO PUBLIC")
    query(site, database, "UPDATE ir_cron SET active = false")
    [(cron, action)] = query(
        site, database, "SELECT id, ir_actions_server_id FROM ir_cron ORDER BY id LIMIT 1"
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
        "UPDATE ir_cron SET active = true, nextcall = now() - interval '1 hour',"
        " interval_number = 1, interval_type = 'months' WHERE id = %s",
        cron,
    )


def wake_crons(site: Site, instance: Instance) -> None:
    query(site, "postgres", "SELECT pg_notify('cron_trigger', %s)", instance.database)


def runs(site: Site, instance: Instance) -> int:
    return int(query(site, instance.database, "SELECT runs FROM oc_runs")[0][0])
