import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from ocore.errors import StepFailed
from ocore.proxy import ProxyAway
from ocore.proxy.configuration import Layout
from ocore.proxy.traefik import TraefikProxy, prepare, traefik_binary
from ocore.proxy.traefik_api import difference
from tests.ports import free_port
from tests.proxy.parts import browser, colours, instance, listening, running

LIBRARY = instance()


async def test_a_switch_is_seen_by_the_next_request(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        for colour in (blue, green, blue):
            await platform.proxy.route(LIBRARY, colour.endpoint)
            async with client.get("/web") as answer:
                assert (await answer.json())["colour"] == colour.name


async def test_the_colour_learns_what_the_client_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        spoofed = {"X-Forwarded-For": "6.6.6.6", "X_Forwarded_Host": "evil"}
        async with (
            browser(platform, "Library.localhost:8069") as client,
            client.get("/web", headers=spoofed) as answer,
        ):
            headers = (await answer.json())["headers"]
    assert headers["host"] == headers["x-forwarded-host"] == "Library.localhost:8069"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert "x_forwarded_host" not in headers


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/websocket/health", "websocket"),
        ("/longpolling/poll", "websocket"),
        ("/websockets", "http"),
        ("/web", "http"),
    ],
)
async def test_each_path_has_its_door(tmp_path: Path, path: str, door: str) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with browser(platform, LIBRARY.host) as client, client.get(path) as answer:
            assert (await answer.json())["door"] == door


async def test_a_host_nobody_has_gets_404(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with browser(platform, "nobody.localhost") as client, client.get("/") as answer:
            assert answer.status == 404


async def test_requests_follow_their_colour_to_another_host_unless_they_are_held(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue") as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        there, port = blue.endpoint.host, blue.endpoint.http_port
        await platform.proxy.route(LIBRARY, replace(blue.endpoint, host="127.9.9.9"))
        await platform.proxy.follow(LIBRARY.database, http_port=port + 1, host=there)
        async with client.get("/web") as answer:
            assert answer.status == 502
        await platform.proxy.follow(LIBRARY.database, http_port=port, host=there)
        for path, door in (("/web", "http"), ("/websocket/health", "websocket")):
            async with client.get(path) as answer:
                assert (await answer.json())["door"] == door
        await platform.proxy.hold(LIBRARY)
        await platform.proxy.follow(LIBRARY.database, http_port=port, host="127.9.9.9")
        waiting = asyncio.create_task(client.get("/web"))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with await waiting as answer:
            assert answer.status == 200


async def test_a_removed_instance_gets_404_and_its_neighbour_goes_on(tmp_path: Path) -> None:
    shop = instance("shop")
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.proxy.route(shop, blue.endpoint)
        for _ in range(2):
            await platform.proxy.remove(LIBRARY)
        async with browser(platform, LIBRARY.host) as client, client.get("/") as answer:
            assert answer.status == 404
        async with browser(platform, shop.host) as client, client.get("/") as answer:
            assert answer.status == 200
        assert [path.name for path in platform.layout.targets.iterdir()] == ["shop_0001.json"]


async def test_a_restart_of_traefik_keeps_the_routes(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.traefik.stop()
        prepare(platform.layout)
        await platform.traefik.start()
        await listening(platform.layout.api_port)
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with browser(platform, LIBRARY.host) as client, client.get("/") as answer:
            assert answer.status == 200


async def test_a_switch_waits_for_a_traefik_that_restarts(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.traefik.stop()
        switch = asyncio.create_task(platform.proxy.route(LIBRARY, blue.endpoint))
        await asyncio.sleep(0.3)
        assert not switch.done()
        await platform.traefik.start()
        await switch


def _layout(directory: Path) -> Layout:
    return Layout(
        directory=directory,
        log=directory / "log" / "traefik.log",
        address="127.0.0.1:0",
        api_port=free_port(),
        holder_port=free_port(),
    )


async def test_a_traefik_that_is_down_is_named_and_does_the_last_it_was_told_when_it_returns(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.traefik.stop()
        proxy = TraefikProxy(platform.layout, seconds=0.2)
        for call in (
            proxy.remove(LIBRARY),
            proxy.hold(LIBRARY),
            proxy.route(LIBRARY, green.endpoint),
        ):
            with pytest.raises(ProxyAway, match=r"Traefik's API .* does not answer.*traefik\.log"):
                await call
        await platform.traefik.start()
        await listening(platform.layout.api_port)
        assert await _colour_of(client) == "green"


async def _colour_of(client: aiohttp.ClientSession) -> str:
    """Return who answers, once anybody does."""
    async with asyncio.timeout(20):
        while True:
            async with client.get("/web") as answer:
                if answer.ok:
                    return str((await answer.json())["colour"])
            await asyncio.sleep(0.05)


async def test_a_holder_that_is_down_is_named_and_the_colour_goes_on_serving(
    tmp_path: Path,
) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.holder.stop()
        with pytest.raises(StepFailed, match="nobody holds requests"):
            await TraefikProxy(platform.layout, seconds=0.3).hold(LIBRARY)
        async with browser(platform, LIBRARY.host) as client, client.get("/") as answer:
            assert answer.status == 200


async def test_a_folder_traefik_cannot_read_is_not_taken_for_success(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        (platform.layout.dynamic / "foreign.yml").write_text("{ not yaml")
        with pytest.raises(StepFailed, match=r"has not taken over library_0001.*traefik\.log"):
            await TraefikProxy(platform.layout, seconds=0.5).route(LIBRARY, blue.endpoint)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        platform.layout.targets.rmdir()
        with pytest.raises(StepFailed, match=f"no route can be written to {tmp_path}"):
            await platform.proxy.route(LIBRARY, blue.endpoint)


async def test_another_program_on_the_port_of_the_api_is_no_traefik(tmp_path: Path) -> None:
    layout = _layout(tmp_path)
    prepare(layout)
    async with colours("blue") as (blue,):
        strange = replace(layout, api_port=blue.endpoint.websocket_port)
        with pytest.raises(StepFailed, match="does not answer"):
            await TraefikProxy(strange, seconds=0.2).remove(LIBRARY)


async def test_many_instances_are_routed_side_by_side(tmp_path: Path) -> None:
    many = [instance(f"shop{number}") for number in range(20)]
    async with running(tmp_path) as platform, colours("blue") as (blue,):
        await asyncio.gather(*(platform.proxy.route(one, blue.endpoint) for one in many))
        async with aiohttp.ClientSession(platform.url) as client:
            for one in many:
                async with client.get("/", headers={"Host": one.host}) as answer:
                    assert answer.status == 200


@pytest.mark.parametrize(
    ("seen", "answer"),
    [
        ({}, "Traefik has not taken over a"),
        ({"rule": "Host(`b`)"}, "Traefik has not taken over a"),
        ({"rule": "Host(`a`)", "priority": 9, "status": "enabled"}, None),
        ({"rule": "Host(`a`)", "error": ["no such rule"]}, "Traefik cannot use a: no such rule"),
    ],
)
def test_a_route_counts_only_when_traefik_can_use_it(
    seen: dict[str, object], answer: str | None
) -> None:
    assert difference("a", {"rule": "Host(`a`)"}, seen) == answer


def test_the_packaged_program_can_be_run() -> None:
    assert os.access(traefik_binary(), os.X_OK)


def test_a_configured_program_wins_and_must_exist(tmp_path: Path) -> None:
    mine = tmp_path / "traefik"
    with pytest.raises(StepFailed, match="no Traefik program at"):
        traefik_binary(mine)
    mine.touch(stat.S_IRWXU)
    assert traefik_binary(mine) == mine
