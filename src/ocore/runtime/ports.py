"""Which ports the colours listen on: chosen once, free when chosen, never the same for two."""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from ocore.artifacts import Colour, Endpoint
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.files import replace_file
from ocore.kit.locks import exclusive
from ocore.kit.threads import to_its_end

LOOPBACK: Final = "127.0.0.1"
EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - where the proxy is on another machine
# Below the ports the kernel gives to outgoing connections (from 32768 on Linux).
PORTS: Final = range(20000, 30000)


class _Pair(msgspec.Struct, frozen=True):
    http: int
    websocket: int


class Ports:
    """The ports of all instances of this machine. Several processes may ask at once."""

    def __init__(self, instances: Path, *, choose_from: range = PORTS) -> None:
        self._instances = instances
        self._range = choose_from

    async def recorded(self, instance: Instance, colour: Colour) -> Endpoint | None:
        """Return where this colour listens; None when it never did."""
        pair = (await asyncio.to_thread(_read, self._file(instance))).get(colour)
        return None if pair is None else _endpoint(instance, pair)

    async def http_port(self, database: str, colour: Colour) -> int | None:
        """Return the port of this colour; None when it never had one."""
        pairs = await asyncio.to_thread(_read, self._instances / database / "ports.json")
        return pairs[colour].http if colour in pairs else None

    async def take(self, instance: Instance, colour: Colour) -> Endpoint:
        """Return where a colour that does not run yet may listen.

        The recorded ports stay, unless a stranger has taken them meanwhile. StepFailed when no
        port of the range is free.
        """
        async with exclusive(self._instances / ".ports.lock"):
            return _endpoint(instance, await to_its_end(self._take, instance, colour))

    def _take(self, instance: Instance, colour: Colour) -> _Pair:
        file = self._file(instance)
        recorded = _read(file)
        pair = recorded.get(colour)
        if pair is not None and _free(pair.http) and _free(pair.websocket):
            return pair
        chosen = self._choose()
        everything = {**recorded, colour: chosen}
        replace_file(file, msgspec.json.encode(everything).decode())
        return chosen

    def _choose(self) -> _Pair:
        taken = {
            port
            for file in self._instances.glob("*/ports.json")
            for pair in _read(file).values()
            for port in (pair.http, pair.websocket)
        }
        free = self._free_ports(taken)
        with suppress(StopIteration):
            return _Pair(http=next(free), websocket=next(free))
        raise StepFailed(
            f"no two free ports from {self._range.start} to {self._range.stop - 1} on {LOOPBACK};"
            " remove instances that are not used any more"
        )

    def _free_ports(self, taken: set[int]) -> Iterator[int]:
        # A port that is free when chosen may be another home's a moment later: homes on one
        # machine look at different places.
        start = crc32(str(self._instances).encode()) % len(self._range)
        order = (*self._range[start:], *self._range[:start])
        return (port for port in order if port not in taken and _free(port))

    def _file(self, instance: Instance) -> Path:
        return self._instances / instance.database / "ports.json"


def _read(file: Path) -> Mapping[Colour, _Pair]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[Colour, _Pair])
    except FileNotFoundError:
        return {}


def _endpoint(instance: Instance, pair: _Pair) -> Endpoint:
    # A threaded Odoo serves websockets on its HTTP port; only prefork has a process for them.
    websocket = pair.websocket if instance.limits.workers else pair.http
    return Endpoint(host=LOOPBACK, http_port=pair.http, websocket_port=websocket)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        # As Odoo does: connections that are only waiting out their end do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
