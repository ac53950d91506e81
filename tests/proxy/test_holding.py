import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from ocore.proxy.targets import read_limit, target_file, target_text
from ocore.proxy.traefik import TraefikProxy
from ocore.proxy.turns import AT_ONCE
from tests.proxy.parts import Platform, browser, colours, instance, listening, running

LIBRARY = instance()
MEGABYTE = 1 << 20


async def _get(client: aiohttp.ClientSession, path: str = "/web") -> tuple[int, str]:
    async with client.get(path) as answer:
        text = await answer.text()
        return answer.status, json.loads(text)["colour"] if answer.ok else text


async def test_a_held_request_waits_and_reaches_the_new_colour(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.proxy.hold(LIBRARY)
        await platform.proxy.hold(LIBRARY)
        await blue.stop()
        waiting = asyncio.create_task(_get(client))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await platform.proxy.route(LIBRARY, green.endpoint)
        assert await waiting == (200, "green")


async def test_a_request_at_work_ends_in_the_old_colour(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue") as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        report = asyncio.create_task(_get(client, "/report?seconds=1"))
        await asyncio.sleep(0.2)
        await platform.proxy.hold(LIBRARY)
        await blue.stop()
        assert await report == (200, "blue")


async def test_held_requests_go_a_few_at_a_time(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("green") as (green,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.hold(LIBRARY)
        held = [asyncio.create_task(_get(client, "/web?seconds=0.1")) for _ in range(60)]
        await asyncio.sleep(0.5)
        await platform.proxy.route(LIBRARY, green.endpoint)
        assert await asyncio.gather(*held) == [(200, "green")] * 60
        assert green.most_at_once == AT_ONCE


async def test_slow_answers_do_not_keep_the_others_waiting(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("green") as (green,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.hold(LIBRARY)
        slow = [asyncio.create_task(_get(client, "/web?seconds=20")) for _ in range(AT_ONCE)]
        await asyncio.sleep(0.2)
        quick = asyncio.create_task(_get(client))
        await asyncio.sleep(0.2)
        await platform.proxy.route(LIBRARY, green.endpoint)
        async with asyncio.timeout(10):
            assert await quick == (200, "green")
        assert not any(each.done() for each in slow)
        for each in slow:
            each.cancel()


async def test_past_the_limit_people_are_told_when_to_come_back(tmp_path: Path) -> None:
    async with running(tmp_path, seconds=0.3) as platform:
        await platform.proxy.hold(LIBRARY)
        async with (
            browser(platform, LIBRARY.host) as client,
            client.get("/web") as asked,
            client.post("/web", data=_chunks(3)) as sent,
        ):
            for answer in (asked, sent):
                assert answer.status == 503
                assert answer.headers["Retry-After"] == "15"
                assert "is being updated" in await answer.text()


async def test_an_instance_may_have_a_limit_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path, seconds=300) as platform:
        await platform.proxy.hold(replace(LIBRARY, hold_seconds=0.3))
        async with browser(platform, LIBRARY.host) as client, client.get("/web") as asked:
            assert asked.status == 503
        # The next update is of another commit, which says nothing.
        await platform.proxy.hold(LIBRARY)
        assert read_limit(platform.layout.targets, LIBRARY.database) is None


async def test_one_held_instance_leaves_the_others_alone(tmp_path: Path) -> None:
    shop = instance("shop")
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as library,
        browser(platform, shop.host) as other,
    ):
        for one in (LIBRARY, shop):
            await platform.proxy.route(one, blue.endpoint)
            await platform.proxy.hold(one)
        late, early = asyncio.create_task(_get(library)), asyncio.create_task(_get(other))
        await platform.proxy.route(shop, blue.endpoint)
        assert await early == (200, "blue")
        assert not late.done()
        await platform.proxy.route(LIBRARY, green.endpoint)
        assert await late == (200, "green")


async def test_no_more_wait_than_may_and_who_gives_up_frees_the_place(tmp_path: Path) -> None:
    async with (
        running(tmp_path, seconds=20, most=3) as platform,
        colours("blue") as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.hold(LIBRARY)
        first = asyncio.create_task(client.post("/order?id=given-up", data=b"x" * 1000))
        others = [asyncio.create_task(_get(client)) for _ in range(2)]
        await asyncio.sleep(0.5)
        assert (await _get(client))[0] == 503
        first.cancel()
        await asyncio.sleep(0.5)
        others.append(asyncio.create_task(_get(client)))
        await asyncio.sleep(0.5)
        await platform.proxy.route(LIBRARY, blue.endpoint)
        assert await asyncio.gather(*others) == [(200, "blue")] * 3
        assert "given-up" not in blue.served


async def test_a_large_upload_is_only_delayed(tmp_path: Path) -> None:
    async def upload() -> dict[str, object]:
        async with client.post("/web?id=large", data=_chunks(100)) as answer:
            return dict(await answer.json())

    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        assert (await upload())["bytes"] == 100 * MEGABYTE
        await platform.proxy.hold(LIBRARY)
        waiting = asyncio.create_task(upload())
        await asyncio.sleep(0.5)
        await platform.proxy.route(LIBRARY, green.endpoint)
        answer = await waiting
        assert (answer["bytes"], answer["colour"]) == (100 * MEGABYTE, "green")
        assert green.served["large"] == 1


async def _chunks(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield b"x" * MEGABYTE


async def test_a_websocket_passes_routed_and_held(tmp_path: Path) -> None:
    async def talk() -> list[str]:
        async with client.ws_connect("/websocket") as socket:
            answers = []
            for word in ("one", "two"):
                await socket.send_str(word)
                answers.append(await socket.receive_str())
            return answers

    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        assert await talk() == ["blue websocket one", "blue websocket two"]
        await platform.proxy.hold(LIBRARY)
        waiting = asyncio.create_task(talk())
        await asyncio.sleep(0.3)
        await platform.proxy.route(LIBRARY, green.endpoint)
        assert await waiting == ["green websocket one", "green websocket two"]


async def test_a_held_request_arrives_as_it_was_sent(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue") as (blue,),
        browser(platform, "library.localhost:8069") as client,
    ):
        await platform.proxy.hold(LIBRARY)
        spoofed = {"X-Ocore-Held": "shop_0001 http", "X-Forwarded-For": "6.6.6.6"}
        waiting = asyncio.create_task(client.get("/web", headers=spoofed))
        await asyncio.sleep(0.3)
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with await waiting as answer:
            headers = (await answer.json())["headers"]
    assert headers["host"] == "library.localhost:8069"
    assert headers["x-forwarded-for"] == "127.0.0.1"


async def test_a_target_that_refuses_is_tried_until_it_answers(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue") as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.hold(LIBRARY)
        await blue.stop()
        waiting = asyncio.create_task(_get(client))
        await asyncio.sleep(0.3)
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await blue.start()
        assert await waiting == (200, "blue")


async def test_a_holder_killed_in_the_middle_loses_only_what_waited(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.proxy.hold(LIBRARY)
        lost = asyncio.create_task(_get(client))
        await asyncio.sleep(0.3)
        await platform.holder.stop()
        assert (await lost)[0] == 502
        assert (await _get(client))[0] == 502
        await _restart_holder(platform)
        held = asyncio.create_task(_get(client))
        await asyncio.sleep(0.3)
        assert not held.done()
        await platform.proxy.route(LIBRARY, green.endpoint)
        assert await held == (200, "green")
        assert await _get(client) == (200, "green")


async def _restart_holder(platform: Platform) -> None:
    await platform.holder.start()
    await listening(platform.layout.holder_port)


async def test_a_head_beyond_all_measure_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, browser(platform, LIBRARY.host) as client:
        await TraefikProxy(platform.layout).hold(LIBRARY)
        async with client.get("/web", headers={"Cookie": "x" * 200_000}) as answer:
            assert answer.status == 431


async def test_who_does_not_come_from_traefik_is_turned_away(tmp_path: Path) -> None:
    async with (
        running(tmp_path) as platform,
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{platform.layout.holder_port}/") as answer,
    ):
        assert answer.status == 421


async def test_websockets_that_come_back_together_are_let_in_a_few_at_a_time(
    tmp_path: Path,
) -> None:
    crowd = 4 * AT_ONCE
    all_in = asyncio.Barrier(crowd)

    async def come_back() -> str:
        async with client.ws_connect("/websocket") as socket:
            await socket.send_str("subscribe")
            answer = await socket.receive_str()
            await all_in.wait()
            return answer

    async with (
        running(tmp_path, most=1) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        await platform.proxy.hold(LIBRARY)
        sockets = [asyncio.create_task(come_back()) for _ in range(crowd)]
        page = asyncio.create_task(_get(client))
        await asyncio.sleep(0.5)
        await platform.proxy.route(LIBRARY, green.endpoint)
        # They take no place among the requests that wait.
        assert await page == (200, "green")
        assert await asyncio.gather(*sockets) == ["green websocket subscribe"] * crowd
    # Four waves, a quarter of a second apart; a slow machine takes longer.
    assert green.opened[-1] - green.opened[0] > 0.4


async def test_a_websocket_that_odoo_has_no_database_connection_for_is_let_in_a_little_later(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue") as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        blue.busy = 3
        async with client.ws_connect("/websocket") as socket:
            await socket.send_str("one")
            assert await socket.receive_str() == "blue websocket one"
        assert blue.busy == 0
        # One that is refused on and on is refused in the end.
        blue.busy = 1000
        with pytest.raises(aiohttp.WSServerHandshakeError, match="500"):
            await client.ws_connect("/websocket")
        assert blue.busy > 900


async def test_pages_leave_an_odoo_without_workers_threads_for_requests(tmp_path: Path) -> None:
    async def stay() -> None:
        async with client.ws_connect("/websocket") as socket:
            inside.append(asyncio.current_task())
            await socket.receive()

    inside: list[asyncio.Task[None] | None] = []
    async with (
        running(tmp_path) as platform,
        colours("blue", workers=False) as (blue,),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.route(LIBRARY, blue.endpoint)
        pages = [asyncio.create_task(stay()) for _ in range(260)]
        async with asyncio.timeout(60):
            while len(blue.opened) < 200:  # noqa: ASYNC110 - of the holder
                await asyncio.sleep(0.1)
        await asyncio.sleep(1)
        # Those that had their turn at the same time may be a few more.
        most = len(blue.opened)
        assert most < 200 + AT_ONCE
        assert await _get(client) == (200, "blue")
        for page in inside[: AT_ONCE + 1]:
            assert page is not None
            page.cancel()
        async with asyncio.timeout(60):
            while len(blue.opened) == most:  # noqa: ASYNC110 - of the holder
                await asyncio.sleep(0.1)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)


async def test_who_waits_for_a_turn_while_the_instance_is_held_again_goes_to_its_next_colour(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        await platform.proxy.hold(LIBRARY)
        crowd = [asyncio.create_task(_get(client, "/web?seconds=3")) for _ in range(AT_ONCE + 1)]
        await asyncio.sleep(0.3)
        target = target_file(platform.layout.targets, LIBRARY.database)
        target.write_text(target_text(blue.endpoint))
        while blue.most_at_once < AT_ONCE:  # noqa: ASYNC110 - of the holder
            await asyncio.sleep(0.01)
        target.unlink()
        await asyncio.sleep(4)
        await platform.proxy.route(LIBRARY, green.endpoint)
        served = Counter(await asyncio.gather(*crowd))
    assert served == {(200, "blue"): AT_ONCE, (200, "green"): 1}


@pytest.mark.parametrize("how", ["route", "hold"])
async def test_websockets_of_a_colour_that_serves_no_more_are_closed_while_it_still_runs(
    tmp_path: Path, how: str
) -> None:
    async def stay() -> tuple[str, int | None]:
        async with client.ws_connect("/websocket") as socket:
            await socket.send_str("hello")
            answer = await socket.receive_str()
            await all_in.wait()
            await socket.receive()
            return answer, socket.close_code

    async with (
        running(tmp_path) as platform,
        colours("blue", "green") as (blue, green),
        browser(platform, LIBRARY.host) as client,
    ):
        crowd = 30
        all_in = asyncio.Barrier(crowd + 1)
        await platform.proxy.route(LIBRARY, blue.endpoint)
        sockets = [asyncio.create_task(stay()) for _ in range(crowd)]
        await all_in.wait()
        if how == "hold":
            await platform.proxy.hold(LIBRARY)
        else:
            await platform.proxy.route(LIBRARY, green.endpoint)
        assert await asyncio.gather(*sockets) == [("blue websocket hello", 1012)] * crowd
