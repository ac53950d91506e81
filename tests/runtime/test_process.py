"""Real Odoo 19 under a real supervisor."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ocore.artifacts import Colour, Image
from ocore.environments import Instance, Limits
from ocore.kit.secret import derive
from ocore.runtime import ModuleChange
from tests.runtime.conftest import SECRET
from tests.runtime.questions import at_work, healthy, until
from tests.runtime.sites import ProcessSite, processes_of

pytestmark = pytest.mark.odoo

BLUE = Colour.BLUE


@pytest.fixture
def site(process: ProcessSite) -> ProcessSite:
    return process


@pytest.mark.parametrize("workers", [0, 2])
async def test_odoo_dies_with_the_supervisor_and_comes_back_with_it(
    site: ProcessSite, instance: Instance, image: Image, workers: int
) -> None:
    shop = replace(instance, limits=Limits(workers=workers, limit_memory_hard=8 * 1024**3))
    supervisor = await running_supervisor(site)
    endpoint = await site.runtime.start(shop, image, BLUE)
    await site.crons.start(shop, image)
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
    site: ProcessSite, instance: Instance, image: Image
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await site.crons.start(instance, image)
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


async def test_the_updater_of_a_frozen_worker_dies_before_the_next_begins(
    site: ProcessSite, instance: Instance, image: Image
) -> None:
    program = (
        "import asyncio,sys,pickle\n"
        "from ocore.runtime import ModuleChange\n"
        "from tests.runtime.sites import ProcessSite\n"
        "site, instance, image = pickle.load(sys.stdin.buffer)\n"
        "change = ModuleChange(update=('base',))\n"
        "asyncio.run(site.runtime.update(instance, image, change, say=lambda _: None))\n"
    )
    frozen = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert frozen.stdin is not None
    frozen.stdin.write(pickle.dumps((site, instance, image)))
    frozen.stdin.close()
    record = site.home.instances / instance.database / "updater"
    await until(lambda: record.exists() and at_work(site, instance, "update"))
    stray = processes_of(instance)
    frozen.send_signal(signal.SIGSTOP)
    lines: list[str] = []
    change = ModuleChange(update=("base",))
    try:
        update = asyncio.create_task(site.runtime.update(instance, image, change, say=lines.append))
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


async def test_a_reused_process_id_is_never_killed(site: ProcessSite, instance: Instance) -> None:
    stranger = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    folder = site.home.instances / instance.database
    (folder / "updater").write_text(f'{{"pid": {stranger.pid}, "started": 1}}')
    await site.runtime.halt(instance)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


async def pid_of(site: ProcessSite, name: str) -> int:
    """Return the process of a program once it has become Odoo."""
    async with asyncio.timeout(30):
        while True:
            state = await site.supervisor.state(name)
            if state is not None and state.pid is not None:
                return state.pid
            await asyncio.sleep(0.1)


async def running_supervisor(site: ProcessSite) -> int:
    return int((site.home.run / "supervisord.pid").read_text())
