"""A swarm of two nodes, which are two daemons of this machine.

What runs on them stands for Odoo: an image of Odoo is 1.6 GB, which is too much to hand to a second
daemon in a test. It is an HTTP server that reads its port from what lies in the place of odoo.conf.
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp
import msgspec
import pytest

from ocore.artifacts import Colour, Endpoint, Image
from ocore.errors import StepFailed
from ocore.images.building import build_image
from ocore.images.context import new_context
from ocore.images.registry import Registry
from ocore.images.release import LABEL, Release
from ocore.images.spreading import SpreadImages
from ocore.kit.docker import DockerEngine
from ocore.kit.postgres import PostgresServer
from ocore.kit.swarm import address, change_service
from ocore.odoo.providers import OdooTree
from ocore.runtime.container import DATABASE, container_name
from ocore.runtime.odoo_process import OdooHost, Part
from ocore.runtime.odoo_services import OdooServices
from ocore.runtime.ports import Ports
from ocore.runtime.service import Nodes, scaled
from ocore.runtime.swarm_fleet import SwarmFleet
from ocore.runtime.swarm_tasks import gone
from tests.docker import Daemon, change_node, daemon_on, joined
from tests.images.yard import Yard
from tests.registry import registry_in
from tests.runtime.conftest import instance_of, make_host

pytestmark = pytest.mark.odoo

MARK = "node.labels.ocore.test==yes"
PROGRAMS = {"docker-registry": "bin/docker-registry", "true": "opt/venv/bin/python"}
INSTANCE = instance_of("shop_of_two_nodes")
SERVER = """\
version: 0.1
log: {{level: warn}}
storage: {{inmemory: {{}}}}
http: {{addr: "0.0.0.0:{port}"}}
"""


@dataclass(frozen=True)
class Two:
    """Both nodes, and an image that both have fetched from a registry."""

    first: Daemon
    second: Daemon
    node: str
    host: OdooHost
    image: Image
    nodes: Nodes
    said: list[str]

    @property
    def parts(self) -> OdooServices:
        return OdooServices(self.first.engine, self.host, self.nodes)

    async def server(self, colour: Colour) -> tuple[Part, list[str], str, Endpoint]:
        part = await self.parts.part(INSTANCE, self.image, colour)
        endpoint = await Ports(self.host.home.instances).take(INSTANCE, colour)
        conf = str(part.folder.conf(colour))
        text = SERVER.format(port=endpoint.http_port)
        return part, ["/bin/docker-registry", "serve", conf], text, endpoint


@pytest.fixture
async def two(swarm_daemon: Daemon, server: PostgresServer, tmp_path: Path) -> AsyncIterator[Two]:
    host = make_host(server)
    registries, data = registry_in(tmp_path), host.home.root / "second"
    async with registries as shelf, daemon_on(data) as second, joined(swarm_daemon, second) as node:
        yard = Yard(swarm_daemon.engine, tmp_path)
        yard.registry = Registry(
            engine=yard.engine, address=shelf.address, records=host.home.pushed
        )
        image = await stand_in(yard.engine, tmp_path, f"{shelf.address}/acme/server:1")
        for each in (None, node):
            await change_node(swarm_daemon, each, Labels={"ocore.test": "yes"})
        said: list[str] = []
        images = SpreadImages(images=yard.images, engine=yard.engine, constraints=(MARK,))
        await images.push(image, say=said.append)
        nodes = Nodes(pushed=host.home.pushed, constraints=(MARK,))
        yield Two(swarm_daemon, second, node, host, image, nodes, said)
        await remove_services(swarm_daemon)
        await change_node(swarm_daemon, Availability="active", Labels={})
    shutil.rmtree(host.home.root)


async def stand_in(engine: DockerEngine, folder: Path, tag: str) -> Image:
    root = folder / "root"
    for name, inside in PROGRAMS.items():
        source = shutil.which(name)
        assert source is not None
        told = subprocess.run(["ldd", source], check=True, capture_output=True, text=True).stdout
        libraries = [word for word in told.split() if word.startswith("/")]
        for file, place in [(source, inside), *((each, each[1:]) for each in libraries)]:
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, root / place)
    tree = OdooTree(
        version="19.0",
        content_hash="none",
        executable="/bin/docker-registry",
        python_path="/",
        addons_paths=(),
        requirements=(),
    )
    release = Release(
        tag=tag, base="none", tree=tree, python="", addons_paths=(), commit_sha="0" * 40
    )
    label = json.dumps(msgspec.json.encode(release).decode())
    with new_context(folder) as context:
        context.add_text("Dockerfile", f"FROM scratch\nCOPY root /\nLABEL {LABEL}={label}\n")
        context.add_tree("root", root)
        await build_image(engine, context, tag=tag, say=print)
    return Image(tag=tag, base="none", reused=False)


async def remove_services(daemon: Daemon) -> None:
    async with daemon.engine.connected() as docker:
        for service in await docker.services.list():
            await docker.services.delete(service["ID"])
            label = f"{DATABASE}={INSTANCE.database}"
            await gone(docker, service["ID"], label=label, grace=20)


async def here(daemon: Daemon) -> list[str]:
    """Return the parts that run on a node."""
    async with daemon.engine.connected() as docker:
        own = json.dumps({"label": [f"{DATABASE}={INSTANCE.database}"]})
        found = await docker.containers.list(filters=own)
        return [container["Labels"]["ocore.part"] for container in found]


async def answers(endpoint: Endpoint) -> None:
    url = f"http://{endpoint.host}:{endpoint.http_port}/v2/"
    async with asyncio.timeout(30), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as response:
                    assert response.status == 200
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)


async def address_of(daemon: Daemon, manager: Daemon) -> str:
    async with daemon.engine.connected() as docker:
        own = (await docker.system.info())["Swarm"]["NodeID"]
    async with manager.engine.connected() as docker:
        return address(await docker.nodes.inspect(node_id=own))


async def test_a_colour_is_reached_and_followed_wherever_swarm_puts_it(two: Two) -> None:
    assert [line.endswith(" has it") for line in two.said[-2:]] == [True, True]
    first, second = [await address_of(each, two.first) for each in (two.first, two.second)]
    part, argv, conf, endpoint = await two.server(Colour.BLUE)
    await change_node(two.first, Availability="drain")
    assert await two.parts.run(part, argv, conf) == second
    await answers(replace(endpoint, host=second))
    assert (await here(two.first), await here(two.second)) == ([], ["blue"])

    # Elsewhere it is Swarm that stops it, and the node that has the log.
    await two.parts.stop(INSTANCE, Colour.BLUE)
    assert await here(two.second) == []
    assert await two.parts.run(part, argv, conf) == second
    await answers(replace(endpoint, host=second))

    followed: asyncio.Queue[tuple[str, int, str]] = asyncio.Queue()

    async def follow(database: str, *, http_port: int, host: str) -> None:
        followed.put_nowait((database, http_port, host))

    fleet = SwarmFleet(two.first.engine, two.host.home, follow=follow)
    keeping = asyncio.create_task(fleet.keep(pause=0.2))
    try:
        async with asyncio.timeout(60):
            assert await followed.get() == (INSTANCE.database, endpoint.http_port, second)
            await change_node(two.first, Availability="active")
            await change_node(two.first, two.node, Availability="drain")
            while (await followed.get())[2] != first:
                pass
    finally:
        keeping.cancel()
    assert await here(two.first) == ["blue"]
    assert await two.parts.run(part, argv, conf) == first


async def test_a_node_that_is_silent_is_not_taken_for_one_that_has_stopped(two: Two) -> None:
    part, argv, conf, endpoint = await two.server(Colour.GREEN)
    await change_node(two.first, Availability="drain")
    await two.parts.run(part, argv, conf)
    await answers(replace(endpoint, host=await address_of(two.second, two.first)))
    two.second.kill()
    async with two.first.engine.connected() as docker:
        service = await docker.services.inspect(container_name(INSTANCE, Colour.GREEN))
        await change_service(docker, service["ID"], partial(scaled, replicas=0))
        label = f"{DATABASE}={INSTANCE.database}"
        with pytest.raises(StepFailed, match=f"the node {two.node} does not say"):
            await gone(docker, service["ID"], label=label, grace=1, silence=1)
    await two.second.start()
