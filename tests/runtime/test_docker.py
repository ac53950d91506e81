"""What only containers can do, or do wrong."""

import asyncio
import json
import socket
from dataclasses import replace

import pytest

from ocore.artifacts import Colour, Image
from ocore.embedded.home import Home
from ocore.environments import Instance, Limits
from ocore.errors import StepFailed
from ocore.kit.secret import derive
from ocore.odoo.failures import explain
from ocore.runtime import ModuleChange
from ocore.runtime.container import limits_of
from ocore.runtime.fleet import Fleet
from tests.docker import Daemon
from tests.runtime.conftest import SECRET
from tests.runtime.questions import healthy
from tests.runtime.sites import DockerSite

pytestmark = pytest.mark.odoo

BLUE = Colour.BLUE
MIB = 1024**2
# Enough for Python, too little for Odoo's imports: the kernel ends it before it has a limit itself.
TINY = Limits(limit_memory_hard=48 * MIB)


@pytest.fixture
def site(docker: DockerSite) -> DockerSite:
    return docker


async def test_a_container_has_few_rights_and_no_password_in_sight(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    await site.runtime.start(instance, image, BLUE)
    await site.crons.start(instance, image)
    password = derive(SECRET, f"database-role:{instance.database}")
    found = await site.containers(instance)
    assert len(found) == 2
    assert site.host.user is not None
    for container in found:
        assert password not in json.dumps(container)
        assert container["Config"]["User"] == f"{site.host.user.uid}:{site.host.user.gid}"
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert "no-new-privileges" in container["HostConfig"]["SecurityOpt"]
        writable = [each["Source"] for each in container["Mounts"] if each["RW"]]
        assert writable == [str(site.home.instances / instance.database / "data")]
        assert len(container["Mounts"]) == 2


async def test_a_container_may_use_what_its_instance_may(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    shop = replace(instance, limits=Limits(limit_memory_hard=1024 * MIB))
    await site.runtime.start(shop, image, BLUE)
    [container] = await site.containers(instance)
    assert container["HostConfig"]["Memory"] == 1024 * MIB
    assert container["HostConfig"]["MemorySwap"] == 1024 * MIB
    assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_prefork_has_a_master_and_a_process_for_websockets_beside_its_workers() -> None:
    limits = Limits(workers=4, limit_memory_hard=1000)
    assert limits_of(limits, serves=True)["Memory"] == 6000
    assert limits_of(limits, serves=False)["Memory"] == 1000
    assert limits_of(Limits(limit_memory_hard=1000), serves=True)["Memory"] == 1000


async def test_docker_knows_whether_odoo_is_well(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    check = ["/opt/venv/bin/python", "/opt/ocore/health.py"]
    [container] = await site.containers(instance)
    async with site.engine.connected() as docker:
        execution = await docker.containers.container(container["Id"]).exec(check)
        async with execution.start() as stream:
            assert await stream.read_out() is None
        assert (await execution.inspect())["ExitCode"] == 0


async def test_a_daemon_that_was_killed_finds_its_containers_again(
    site: DockerSite, instance: Instance, image: Image, daemon: Daemon
) -> None:
    endpoint = await site.runtime.start(instance, image, BLUE)
    await healthy(site, instance, endpoint)
    [before] = await site.containers(instance)
    await site.runtime.stop(instance, Colour.GREEN)
    daemon.kill()
    await daemon.start()
    keeper = asyncio.create_task(Fleet(site.engine, site.home).keep(pause=0.2))
    try:
        await site.pid(instance, BLUE)
        await healthy(site, instance, endpoint)
        assert await site.runtime.start(instance, image, BLUE) == endpoint
        [after] = await site.containers(instance)
        assert after["Id"] == before["Id"]
        await site.runtime.stop(instance, BLUE)
        await asyncio.sleep(1)
        assert await site.running(instance) == {}
    finally:
        keeper.cancel()


async def test_an_order_waits_for_a_daemon_that_is_being_restarted(
    site: DockerSite, instance: Instance, image: Image, daemon: Daemon
) -> None:
    daemon.kill()
    order = asyncio.create_task(site.runtime.start(instance, image, BLUE))
    await asyncio.sleep(1)
    assert not order.done()
    await daemon.start()
    await healthy(site, instance, await order)


async def test_a_fleet_rests_and_wakes_with_its_platform(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    fleet = Fleet(site.engine, site.home)
    endpoint = await site.runtime.start(instance, image, BLUE)
    await site.runtime.start(instance, image, Colour.GREEN)
    await site.runtime.stop(instance, Colour.GREEN)
    update = asyncio.create_task(
        site.runtime.update(instance, image, ModuleChange(update=("base",)), say=lambda _: None)
    )
    await site.pid(instance, "update")
    await fleet.rest()
    with pytest.raises(StepFailed):
        await update
    assert await site.running(instance) == {}
    await fleet.wake()
    assert list(await site.running(instance)) == ["blue"]
    await healthy(site, instance, endpoint)
    assert await site.runtime.start(instance, image, BLUE) == endpoint


async def test_the_fleet_of_another_platform_is_left_alone(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    await site.runtime.start(instance, image, BLUE)
    before = await site.running(instance)
    other = Fleet(site.engine, Home(site.home.root / "other"))
    await other.rest()
    await other.wake()
    assert await site.running(instance) == before


async def test_a_container_that_is_killed_for_its_memory_says_so_in_its_log(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    await site.runtime.start(replace(instance, limits=TINY), image, BLUE)
    async with asyncio.timeout(60):
        while True:
            tail = await site.watch.log_tail(instance, BLUE, 20)
            if tail and "reached its limit of 48 MiB" in tail[-1]:
                break
            await asyncio.sleep(0.2)
    card = explain(tail, modules_root=None)
    assert card is not None
    assert card.title == "Out of memory"


async def test_an_updater_that_is_killed_for_its_memory_names_the_limit(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    shop = replace(instance, limits=TINY)
    change = ModuleChange(update=("base",))
    with pytest.raises(StepFailed, match="more memory than the 48 MiB"):
        await site.runtime.update(shop, image, change, say=lambda _: None)


async def test_a_port_that_a_stranger_took_is_not_waited_for(
    site: DockerSite, instance: Instance, image: Image
) -> None:
    first = await site.runtime.start(instance, image, BLUE)
    await site.runtime.stop(instance, BLUE)
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind((first.host, first.http_port))
        stranger.listen()
        second = await site.runtime.start(instance, image, BLUE)
        assert second.http_port != first.http_port
        await healthy(site, instance, second)
