"""What every runtime promises, on real Odoo 19: as processes, in containers, and on a swarm."""

import asyncio
import os
import re
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import psycopg
import pytest

from ocore.artifacts import Colour, Image
from ocore.environments import Instance, Limits
from ocore.errors import StepFailed
from ocore.kit.processes import process_key
from ocore.odoo.results import results_of
from ocore.runtime import ModuleChange
from ocore.runtime.crons import OdooCrons
from tests.runtime.questions import (
    SLOW_CONTROLLER,
    addon,
    at_work,
    be_quick,
    count_runs_of_a_due_action,
    count_runs_of_a_second_one,
    healthy,
    listeners,
    runs,
    sign_in,
    state_of,
    status_of,
    until,
    woken_until,
    write_on_others,
)
from tests.runtime.sites import Site, SwarmSite

pytestmark = pytest.mark.odoo

BLUE, GREEN = Colour.BLUE, Colour.GREEN


@pytest.fixture(params=["process", "docker", "swarm"])
def site(request: pytest.FixtureRequest) -> Site:
    chosen: Site = request.getfixturevalue(request.param)
    return chosen


async def test_a_colour_boots_and_passes_every_probe(
    site: Site, instance: Instance, image: Image
) -> None:
    shop = replace(instance, smoke_paths=("/robots.txt", "/odoo", "/web/login"))
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    limits = Path(f"/proc/{await site.pid(instance, BLUE)}/limits").read_text()
    found = re.search(r"^Max open files +(\d+)", limits, re.MULTILINE)
    # An open page takes four.
    assert found is not None
    assert int(found[1]) >= 8192
    probes = await site.watch.probe(shop, endpoint)
    names = [probe.name for probe in probes]
    # A redirect is a failure, and what comes after a failure is not asked.
    ours = ["/web/health", "/web/login", "database", "asset", "/websocket"]
    assert names == [*ours, "/robots.txt", "/odoo"]
    assert [probe.passed for probe in probes] == [True] * 6 + [False]
    assert probes[-1].answer.startswith("303 to ")
    stranger = replace(instance, database="somebody_elses")
    last = (await site.watch.probe(stranger, endpoint))[-1]
    assert (last.name, last.passed) == ("database", False)
    assert last.answer.endswith(", by an Odoo that does not serve somebody_elses")


async def test_a_started_colour_is_left_alone_unless_its_image_or_limits_differ(
    site: Site, instance: Instance, image: Image
) -> None:
    first = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, first)
    pid = await site.pid(instance, BLUE)
    assert await site.runtime.start(instance, image, BLUE) == first
    assert await site.pid(instance, BLUE) == pid
    other = await site.image_of("other")
    assert await site.runtime.start(instance, other, BLUE) == first
    replaced = await site.pid(instance, BLUE)
    assert replaced != pid
    tight = replace(instance, limits=Limits(limit_time_real=60))
    await site.runtime.start(tight, other, BLUE)
    assert await site.pid(instance, BLUE) != replaced


async def test_a_colour_whose_image_is_gone_cannot_run(
    site: Site, instance: Instance, image: Image
) -> None:
    with pytest.raises(StepFailed, match="gone"):
        await site.runtime.start(instance, replace(image, tag="acme/shop:none"), BLUE)
    assert await site.running(instance) == {}


async def test_both_colours_serve_one_session_at_once_and_stopping_one_leaves_the_other(
    site: Site, instance: Instance, image: Image
) -> None:
    blue, green = await asyncio.gather(
        site.runtime.start(instance, image, BLUE),
        site.runtime.start(instance, image, GREEN),
    )
    assert blue.http_port != green.http_port
    await healthy(site, instance, blue)
    await healthy(site, instance, green)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        await sign_in(browser, blue)
        assert await status_of(browser, green, "/odoo") == 200
    async with aiohttp.ClientSession() as stranger:
        assert await status_of(stranger, green, "/odoo") == 303
    await site.runtime.stop(instance, BLUE)
    await site.runtime.stop(instance, BLUE)
    gone = await site.watch.probe(instance, blue)
    assert [probe.passed for probe in gone] == [False]
    await healthy(site, instance, green)
    await site.runtime.drain(instance)
    await site.runtime.drain(instance)
    assert await site.running(instance) == {}


async def test_a_crashed_colour_is_started_again(
    site: Site, instance: Instance, image: Image
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    pid = await site.pid(instance, BLUE)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: process_key(pid) is None)
    await healthy(site, instance, endpoint)


async def test_scheduled_actions_run_in_the_cron_process_only(
    site: Site, instance: Instance, image: Image
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    count_runs_of_a_due_action(site, instance)
    assert listeners(site, instance) == set()
    await asyncio.sleep(3)
    assert runs(site, instance) == 0
    await site.crons.start(instance, image)
    await until(lambda: listeners(site, instance) == {f"{instance.database}/cron"})
    # They leave the processor to users.
    assert os.getpriority(os.PRIO_PROCESS, await site.pid(instance, "cron")) > os.getpriority(
        os.PRIO_PROCESS, await site.pid(instance, BLUE)
    )
    await woken_until(site, instance, lambda: runs(site, instance) == 1)
    assert await site.crons.stop(instance, say=print) == ()
    assert await site.crons.stop(instance, say=print) == ()
    assert listeners(site, instance) == set()


async def sleeping_action(site: Site, instance: Instance, image: Image) -> None:
    """Start the crons, and wait until their first action sleeps."""
    await site.crons.start(instance, image)
    # Not just any work: a registry that loads is at work as well.
    await woken_until(site, instance, lambda: at_work(site, instance, "cron", "%pg_sleep%"))


async def test_a_scheduled_action_at_work_is_named_and_ends_and_none_begins_after_it(
    site: Site, instance: Instance, image: Image
) -> None:
    name = count_runs_of_a_due_action(site, instance, seconds=4)
    count_runs_of_a_second_one(site, instance)
    await sleeping_action(site, instance, image)
    said: list[str] = []
    assert await site.crons.stop(instance, say=said.append) == ()
    assert runs(site, instance) == 1
    assert await site.running(instance) == {}
    beginning, end = said
    assert re.fullmatch(rf"Scheduled action “{name}”, at work for \d+ s, is at work: .*", beginning)
    assert re.fullmatch(rf"Scheduled action “{name}”, at work for \d+ s, has ended", end)


async def test_a_scheduled_action_that_takes_too_long_is_cut_and_runs_again(
    site: Site, instance: Instance, image: Image
) -> None:
    name = count_runs_of_a_due_action(site, instance, seconds=600)
    await sleeping_action(site, instance, image)
    impatient = OdooCrons(site.parts, site.host, patience=1)
    said: list[str] = []
    (cut,) = await impatient.stop(instance, say=said.append)
    assert cut.name == name
    # It slept for that long, and began before that.
    assert 1 <= cut.seconds < 600
    assert said[-1].endswith("did not end in 1 s, and is cut")
    assert runs(site, instance) == 0
    be_quick(site, instance)
    await site.crons.start(instance, image)
    await woken_until(site, instance, lambda: runs(site, instance) == 1)


async def test_who_must_change_a_scheduled_action_gets_through_the_fence(
    site: Site, instance: Instance, image: Image
) -> None:
    """The action at work writes on another one, whose row the fence holds."""
    name = count_runs_of_a_due_action(site, instance)
    write_on_others(site, instance, after_seconds=2)
    await sleeping_action(site, instance, image)
    said: list[str] = []
    assert await site.crons.stop(instance, say=said.append) == ()
    assert runs(site, instance) == 1
    assert name in said[0]


async def test_an_update_tells_every_line_and_leaves_nothing_behind(
    site: Site, instance: Instance
) -> None:
    image = await site.image_of("good", addon(site, "oc_good", "<odoo/>"))
    lines: list[str] = []
    change = ModuleChange(install=("oc_good",))
    await site.runtime.update(instance, image, change, say=lines.append)
    assert any("Module oc_good loaded" in line for line in lines)
    assert state_of(site, instance, "oc_good") == "installed"
    assert await site.running(instance) == {}


async def test_an_updater_that_takes_too_long_is_ended(
    site: Site, instance: Instance, image: Image
) -> None:
    change = ModuleChange(update=("base",), seconds=1)
    with pytest.raises(StepFailed, match=r"did not end in 1 s"):
        await site.runtime.update(instance, image, change, say=lambda _line: None)
    assert await site.running(instance) == {}


async def test_tests_of_modules_run_and_are_counted(
    site: Site, instance: Instance, image: Image
) -> None:
    lines: list[str] = []
    copy = replace(instance, throwaway=True)
    change = ModuleChange(update=("base_setup",), test_tags=("/base_setup",))
    await site.runtime.update(copy, image, change, say=lines.append)
    results = results_of(lines)
    assert results is not None
    assert results.unsuccessful == 0


async def test_a_copy_is_neutralized_by_odoos_own_rules(
    site: Site, instance: Instance, image: Image
) -> None:
    lines: list[str] = []
    copy = replace(instance, throwaway=True)
    await site.runtime.neutralize(copy, image, say=lines.append)
    with psycopg.connect(site.host.server.conninfo(instance.database)) as admin:
        found = admin.execute(
            "SELECT value FROM ir_config_parameter WHERE key = 'database.is_neutralized'"
        ).fetchone()
    assert found == ("true",)
    assert any("Neutralization finished" in line for line in lines), lines


async def test_an_update_that_fails_says_why(site: Site, instance: Instance) -> None:
    data = '<odoo><record id="x" model="res.partner"><field name="nope">1</field></record></odoo>'
    image = await site.image_of("bad", addon(site, "oc_bad", data))
    change = ModuleChange(install=("oc_bad",))
    with pytest.raises(StepFailed, match="nope") as failure:
        await site.runtime.update(instance, image, change, say=lambda _: None)
    assert failure.value.exit_code


async def test_a_killed_updater_is_told_from_one_that_failed(
    site: Site, instance: Instance, image: Image
) -> None:
    lines: list[str] = []
    update = asyncio.create_task(
        site.runtime.update(instance, image, ModuleChange(update=("base",)), say=lines.append)
    )
    await until(lambda: any("loading" in line for line in lines))
    os.kill(await site.pid(instance, "update"), signal.SIGKILL)
    with pytest.raises(StepFailed, match="signal 9"):
        await update


async def test_an_updater_dies_with_its_worker(
    site: Site, instance: Instance, image: Image
) -> None:
    update = asyncio.create_task(
        site.runtime.update(instance, image, ModuleChange(update=("base",)), say=lambda _: None)
    )
    await site.pid(instance, "update")
    update.cancel()
    with suppress(asyncio.CancelledError):
        await update
    assert await site.running(instance) == {}


async def test_requests_at_work_end_before_their_colour_stops(
    site: Site, instance: Instance
) -> None:
    module = addon(site, "oc_slow", "<odoo/>", controller=SLOW_CONTROLLER)
    image = await site.image_of("slow", module)
    change = ModuleChange(install=("oc_slow",))
    await site.runtime.update(instance, image, change, say=lambda _: None)
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    async with aiohttp.ClientSession(f"http://{endpoint.host}:{endpoint.http_port}") as session:
        # The second one works without a transaction: PostgreSQL knows nothing of it.
        answers = [asyncio.create_task(session.get(path)) for path in ("/oc_slow", "/oc_waits")]
        await until(lambda: at_work(site, instance, "blue", "%pg_sleep%"))
        await site.runtime.stop(instance, BLUE)
        for answer in answers:
            async with await answer as response:
                assert (response.status, await response.text()) == (200, "done")


async def test_a_second_updater_kills_the_first_and_says_so(
    site: Site, instance: Instance, image: Image
) -> None:
    change = ModuleChange(update=("base",))
    earlier: list[str] = []
    first = asyncio.create_task(site.runtime.update(instance, image, change, say=earlier.append))
    await until(lambda: any("loading" in line for line in earlier))
    lines: list[str] = []
    await site.runtime.update(instance, image, change, say=lines.append)
    assert "left behind" in lines[0]
    with pytest.raises(StepFailed):
        await first
    assert await site.running(instance) == {}


async def test_a_colour_at_rest_ends_although_connections_are_open(
    site: Site, instance: Instance, image: Image
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    async with aiohttp.ClientSession() as browser:
        assert await status_of(browser, endpoint, "/web/health") == 200
        await site.runtime.stop(instance, BLUE)
    told_twice = "Forced shutdown." in await site.watch.log_tail(instance, BLUE, 5)
    # Swarm has no signal for a task.
    assert told_twice is not isinstance(site, SwarmSite)


async def test_what_a_colour_wrote_can_be_read_after_it_was_stopped(
    site: Site, instance: Instance, image: Image
) -> None:
    assert await site.watch.log_tail(instance, BLUE, 10) == ()
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    await site.runtime.stop(instance, BLUE)
    tail = await site.watch.log_tail(instance, BLUE, 200)
    assert any("HTTP service (werkzeug) running" in line for line in tail), tail
    assert await site.watch.log_tail(instance, BLUE, 2) == tail[-2:]
