import asyncio
from collections import Counter
from pathlib import Path

from tests.proxy.load import Tally, clients
from tests.proxy.parts import colours, instance, running

LIBRARY = instance()
CLIENTS = 32


def _assert_none_lost(tally: Tally, served: Counter[str]) -> None:
    assert tally.failures == {}
    assert {order: served[order] for order in tally.posted} == dict.fromkeys(tally.posted, 1)
    assert len(tally.posted) > CLIENTS
    # A client asks again by itself when its connection breaks; none did.
    assert tally.connections == CLIENTS


async def test_between_hold_and_route_while_the_colours_change(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue", "green") as (blue, green):
        await green.stop()
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with clients(platform, LIBRARY.host, CLIENTS) as tally:
            for live, idle in [(blue, green), (green, blue)] * 2:
                await asyncio.sleep(0.3)
                await platform.proxy.hold(LIBRARY)
                await live.stop()
                await asyncio.sleep(0.5)
                await idle.start()
                await platform.proxy.route(LIBRARY, idle.endpoint)
            await asyncio.sleep(0.3)
        _assert_none_lost(tally, blue.served + green.served)
        assert tally.longest_wait > 0.5


async def test_when_traffic_is_switched_between_running_colours(tmp_path: Path) -> None:
    async with running(tmp_path) as platform, colours("blue", "green") as (blue, green):
        await green.stop()
        await platform.proxy.route(LIBRARY, blue.endpoint)
        async with clients(platform, LIBRARY.host, CLIENTS) as tally:
            for live, idle in [(blue, green), (green, blue)] * 3:
                await idle.start()
                await platform.proxy.route(LIBRARY, idle.endpoint)
                await asyncio.sleep(0.5)
                await live.stop()
        _assert_none_lost(tally, blue.served + green.served)
