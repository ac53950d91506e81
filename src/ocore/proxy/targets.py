"""What Traefik's side tells the holder: whose request this is, and where it may go now.

A file `<database>.json` in the folder of targets holds the endpoint that serves the instance.
No file: the instance is held, `<database>.limit` tells for how long where that is its own matter.
The files are the whole truth, so a holder that was killed knows
all it must know as soon as it runs again.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from ocore.artifacts import Endpoint

HEADER: Final = "X-Ocore-Held"
"""Set by Traefik on every request it sends to the holder, whatever the client sent under it."""
_HELD: Final = re.compile(
    rb"\r\n" + HEADER.encode() + rb": ?([a-z0-9_]+) (http|websocket)\r\n", re.IGNORECASE
)


class Door(StrEnum):
    """The two ports of an Odoo: the workers', and the one that keeps connections open."""

    HTTP = "http"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Held:
    """Whose request waits, and at which door."""

    database: str
    door: Door

    def __str__(self) -> str:
        return f"{self.database} {self.door}"


def held_of(head: bytes) -> Held | None:
    """Return whose request has this head (request line and headers); None when nobody said."""
    found = _HELD.search(head)
    if found is None:
        return None
    return Held(found[1].decode(), Door(found[2].decode().lower()))


def port_of(endpoint: Endpoint, door: Door) -> int:
    return endpoint.http_port if door is Door.HTTP else endpoint.websocket_port


def target_file(directory: Path, database: str) -> Path:
    return directory / f"{database}.json"


def limit_file(directory: Path, database: str) -> Path:
    return directory / f"{database}.limit"


def read_limit(directory: Path, database: str) -> float | None:
    """Return for how many seconds requests of this instance wait; None: for as long as all."""
    try:
        return float(limit_file(directory, database).read_text())
    except FileNotFoundError:
        return None


def target_text(endpoint: Endpoint) -> str:
    return msgspec.json.encode(endpoint).decode()


def read_target(directory: Path, database: str) -> Endpoint | None:
    """Return where requests of this instance may go; None while it is held."""
    try:
        text = target_file(directory, database).read_bytes()
    except FileNotFoundError:
        return None
    return msgspec.json.decode(text, type=Endpoint)
