import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ocore.artifacts import Colour
from ocore.environments import Instance, Limits
from ocore.errors import StepFailed
from ocore.runtime.ports import Ports
from tests.runtime.conftest import instance_of

# A range that no other test and no default uses.
RANGE = range(18000, 18400)


def shop(instances: Path, name: str = "shop", *, workers: int = 2) -> Instance:
    (instances / name).mkdir(exist_ok=True)
    return replace(instance_of(name), limits=Limits(workers=workers))


async def test_a_colour_keeps_its_ports(tmp_path: Path) -> None:
    instance = shop(tmp_path)
    assert await Ports(tmp_path).recorded(instance, Colour.BLUE) is None
    taken = await Ports(tmp_path, choose_from=RANGE).take(instance, Colour.BLUE)
    assert await Ports(tmp_path, choose_from=RANGE).take(instance, Colour.BLUE) == taken
    assert await Ports(tmp_path).recorded(instance, Colour.BLUE) == taken


async def test_no_two_colours_get_the_same_port_even_when_all_ask_at_once(tmp_path: Path) -> None:
    asked = [
        Ports(tmp_path, choose_from=RANGE).take(shop(tmp_path, f"shop{n}"), colour)
        for n in range(8)
        for colour in Colour
    ]
    endpoints = await asyncio.gather(*asked)
    ports = [port for one in endpoints for port in (one.http_port, one.websocket_port)]
    assert len(set(ports)) == 32


async def test_two_homes_on_one_machine_look_at_different_places(tmp_path: Path) -> None:
    homes = [tmp_path / name for name in ("one", "other")]
    for home in homes:
        home.mkdir()
    one, other = [await Ports(home).take(shop(home), Colour.BLUE) for home in homes]
    assert one.http_port != other.http_port


async def test_a_threaded_odoo_serves_websockets_on_its_http_port(tmp_path: Path) -> None:
    instance = shop(tmp_path, workers=0)
    endpoint = await Ports(tmp_path, choose_from=RANGE).take(instance, Colour.BLUE)
    assert endpoint.websocket_port == endpoint.http_port


async def test_a_port_that_a_stranger_took_is_given_up(tmp_path: Path) -> None:
    instance = shop(tmp_path)
    ports = Ports(tmp_path, choose_from=RANGE)
    first = await ports.take(instance, Colour.BLUE)
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first.http_port))
        stranger.listen()
        second = await ports.take(instance, Colour.BLUE)
    assert second.http_port != first.http_port
    assert await ports.recorded(instance, Colour.BLUE) == second


async def test_a_range_without_free_ports_is_a_failure_that_says_so(tmp_path: Path) -> None:
    ports = Ports(tmp_path, choose_from=range(18400, 18402))
    await ports.take(shop(tmp_path, "one"), Colour.BLUE)
    with pytest.raises(StepFailed, match="18400 to 18401"):
        await ports.take(shop(tmp_path, "two"), Colour.BLUE)
