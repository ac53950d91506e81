"""What a fresh Odoo does once, it does before anybody uses it."""

import asyncio
from dataclasses import replace

import pytest

from ocore.artifacts import Colour, Endpoint, Image
from ocore.environments import Instance, Limits
from ocore.runtime.odoo_process import serve_argv, serving_conf
from ocore.runtime.warming import warm_up
from tests.ports import free_port
from tests.runtime.conftest import instance_of
from tests.runtime.questions import healthy
from tests.runtime.sites import ProcessSite

BLUE = Colour.BLUE


@pytest.fixture
def site(process: ProcessSite) -> ProcessSite:
    return process


def at(port: int) -> Endpoint:
    return Endpoint(host="127.0.0.1", http_port=port, websocket_port=port)


async def fresh(site: ProcessSite, instance: Instance, image: Image) -> Endpoint:
    """Start a colour that writes down what Python collects."""
    endpoint = at(free_port())
    part = await site.parts.part(instance, image, BLUE)
    argv = [*serve_argv(part), "--log-handler=gc:DEBUG"]
    await site.parts.run(part, argv, serving_conf(part, site.host, endpoint))
    await healthy(site, instance, endpoint)
    return endpoint


async def looks_at_all(site: ProcessSite, instance: Instance) -> int:
    lines = await site.watch.log_tail(instance, BLUE, 1000)
    return sum("collected {'generation': 1" in line for line in lines)


@pytest.mark.odoo
async def test_python_has_looked_at_all_of_odoos_objects_before_a_user_asks(
    site: ProcessSite, instance: Instance, image: Image
) -> None:
    endpoint = await fresh(site, instance, image)
    before = await looks_at_all(site, instance)
    await warm_up(instance, endpoint)
    assert await looks_at_all(site, instance) > before


async def test_a_colour_that_does_not_answer_goes_without() -> None:
    await warm_up(instance_of("shop"), at(free_port()))


@pytest.mark.parametrize(("workers", "asked"), [(0, True), (2, False)])
async def test_nobody_is_asked_where_any_worker_may_answer(workers: int, *, asked: bool) -> None:
    asking: list[asyncio.StreamWriter] = []

    async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asking.append(writer)
        writer.close()

    async with await asyncio.start_server(note, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        await warm_up(replace(instance_of("shop"), limits=Limits(workers=workers)), at(port))
    assert bool(asking) is asked
