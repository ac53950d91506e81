"""Loopback ports of the platform's own parts: chosen once, kept for ever."""

import socket
from pathlib import Path
from typing import Final

import msgspec

from ocore.embedded.secrets import keep_secret

LOOPBACK: Final = "127.0.0.1"


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where the parts that nobody outside speaks to listen."""

    traefik_api: int
    holder: int


def own_ports(folder: Path) -> Ports:
    """Return the recorded ports; the first call records ones that are free now."""
    file = folder / "ports.json"
    if not file.exists():
        first, second = _two_free()
        chosen = Ports(traefik_api=first, holder=second)
        keep_secret(folder, file.name, msgspec.json.encode(chosen).decode())
    return msgspec.json.decode(file.read_bytes(), type=Ports)


def _two_free() -> tuple[int, int]:
    # Both are bound at once, or the second could be the first again.
    with socket.socket() as one, socket.socket() as other:
        one.bind((LOOPBACK, 0))
        other.bind((LOOPBACK, 0))
        return one.getsockname()[1], other.getsockname()[1]
