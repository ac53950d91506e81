"""What only a swarm can do, or do wrong."""

import asyncio
import json
import shutil
from dataclasses import replace
from typing import Any

import pytest

from ocore.artifacts import Colour, Image
from ocore.embedded.home import Home
from ocore.environments import Instance, Limits
from ocore.errors import StepFailed
from ocore.kit.processes import process_key
from ocore.kit.secret import derive
from ocore.odoo.failures import explain
from ocore.runtime import ModuleChange
from ocore.runtime.container import container_name
from ocore.runtime.odoo_process import serve_argv
from ocore.runtime.swarm_fleet import SwarmFleet
from tests.docker import Daemon
from tests.runtime.conftest import SECRET
from tests.runtime.questions import healthy, until
from tests.runtime.sites import SwarmSite

pytestmark = pytest.mark.odoo

BLUE, GREEN = Colour.BLUE, Colour.GREEN
MIB = 1024**2
# Enough for Python, too little for Odoo's imports: the kernel ends it before it has a limit itself.
TINY = Limits(limit_memory_hard=48 * MIB)


@pytest.fixture
def site(swarm: SwarmSite) -> SwarmSite:
    return swarm


async def service(site: SwarmSite, instance: Instance, part: str) -> dict[str, Any]:
    async with site.engine.connected() as docker:
        return dict(await docker.services.inspect(container_name(instance, part)))


async def secrets(site: SwarmSite, instance: Instance) -> set[str]:
    async with site.engine.connected() as docker:
        own = {"label": [f"ocore.database={instance.database}"]}
        return {secret["Spec"]["Name"] for secret in await docker.secrets.list(filters=own)}


async def test_a_service_has_few_rights_and_its_passwords_are_secrets(
    site: SwarmSite, instance: Instance, image: Image
) -> None:
    await site.runtime.start(instance, image, BLUE)
    shop = replace(instance, limits=Limits(limit_memory_hard=1024 * MIB))
    await site.runtime.start(shop, image, BLUE)
    kept = await service(site, instance, BLUE)
    found = await site.containers(instance)
    [container] = [each for each in found if each["State"]["Running"]]
    password = derive(SECRET, f"database-role:{instance.database}")
    assert password not in json.dumps([kept, container])
    # What it was given before is gone.
    assert await secrets(site, instance) == {
        each["SecretName"] for each in kept["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    }
    assert site.host.user is not None
    assert container["Config"]["User"] == f"{site.host.user.uid}:{site.host.user.gid}"
    assert container["HostConfig"]["CapDrop"] == ["ALL"]
    assert container["HostConfig"]["Memory"] == 1024 * MIB
    writable = [each["Source"] for each in container["Mounts"] if each["RW"]]
    assert writable == [str(site.home.instances / instance.database / "data")]
    assert kept["Spec"]["UpdateConfig"]["Order"] == "stop-first"
    assert kept["Spec"]["UpdateConfig"]["FailureAction"] == "pause"


async def test_a_swarm_whose_only_manager_was_killed_finds_its_services_again(
    site: SwarmSite, instance: Instance, image: Image, swarm_daemon: Daemon
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    await site.runtime.start(instance, image, GREEN)
    await site.runtime.stop(instance, GREEN)
    update = asyncio.create_task(
        site.runtime.update(instance, image, ModuleChange(update=("base",)), say=lambda _: None)
    )
    await site.pid(instance, "update")
    swarm_daemon.kill()
    with pytest.raises(StepFailed, match="Docker"):
        await update
    await swarm_daemon.start()
    await healthy(site, instance, endpoint)
    await site.parts.end_updater(instance)
    assert list(await site.running(instance)) == [BLUE]
    assert await site.runtime.start(instance, image, BLUE) == endpoint


async def test_a_fleet_rests_and_wakes_with_its_platform(
    site: SwarmSite, instance: Instance, image: Image
) -> None:
    fleet = SwarmFleet(site.engine, site.home)
    endpoint = await site.runtime.start(instance, image, BLUE)
    await site.runtime.start(instance, image, GREEN)
    await site.runtime.stop(instance, GREEN)
    update = asyncio.create_task(
        site.runtime.update(instance, image, ModuleChange(update=("base",)), say=lambda _: None)
    )
    await site.pid(instance, "update")
    before = await site.running(instance)
    other = SwarmFleet(site.engine, Home(site.home.root / "other"))
    await other.rest()
    await other.wake()
    assert await site.running(instance) == before
    await fleet.rest()
    with pytest.raises(StepFailed):
        await update
    assert await site.running(instance) == {}
    await fleet.wake()
    await healthy(site, instance, endpoint)
    assert list(await site.running(instance)) == [BLUE]
    assert await site.runtime.start(instance, image, BLUE) == endpoint
    # As after a crash of the platform: what runs has lost its database, and is started anew.
    pid = await site.pid(instance, BLUE)
    await fleet.wake()
    await until(lambda: process_key(pid) is None)
    await healthy(site, instance, endpoint)


async def test_a_part_that_is_killed_for_its_memory_says_so(
    site: SwarmSite, instance: Instance, image: Image
) -> None:
    shop = replace(instance, limits=TINY)
    await site.runtime.start(shop, image, BLUE)
    async with asyncio.timeout(60):
        while True:
            tail = await site.watch.log_tail(instance, BLUE, 20)
            if tail and "reached its limit of 48 MiB" in tail[-1]:
                break
            await asyncio.sleep(0.2)
    card = explain(tail, modules_root=None)
    assert card is not None
    assert card.title == "Out of memory"
    with pytest.raises(StepFailed, match="more memory than the 48 MiB"):
        await site.runtime.update(shop, image, ModuleChange(update=("base",)), say=lambda _: None)


async def test_a_part_that_no_node_can_start_says_what_stands_in_the_way(
    site: SwarmSite, instance: Instance, image: Image
) -> None:
    part = await site.parts.part(instance, image, BLUE)
    shutil.rmtree(site.home.instances / instance.database / "data")
    with pytest.raises(StepFailed, match="bind source path does not exist"):
        await site.parts.run(part, serve_argv(part), "[options]\n")
