"""What the concerns hand to each other. Values only, no behaviour worth a name of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Say = Callable[[str], None]
"""Writes one line (no newline at its end) to the log of the deployment at work; never blocks."""


class Colour(StrEnum):
    """The two places in which an instance can run; one of them is live."""

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Colour":
        return Colour.GREEN if self is Colour.BLUE else Colour.BLUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit, and what people want to read about it."""

    sha: str
    author: str
    author_avatar: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Something a runtime can start: Odoo, the modules of one commit, and all they need.

    `tag` is `<org>/<project>:<sha12>-<inputs hash>`: the same inputs always give the same tag.
    `base` names the Odoo and Python inside (same value: same base database will do). `registry` is
    where it must be pushed to before it is used, and then the first part of the tag. `papers` are
    references to its bill of materials and its provenance, where they are kept.
    """

    tag: str
    base: str
    reused: bool
    registry: str | None = None
    papers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one colour of an instance listens. Ports are TCP on `host`."""

    host: str
    http_port: int
    websocket_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Database and filestore of an instance at one moment.

    `strategy` is `clone`, `template` or `dump`; `location` is the database that holds it, or the
    directory of the dump. Times are milliseconds; `size_bytes` is of the database. `verified`: a
    copy had the same tables and rows as its original; a dump was read back to its end.
    """

    id: str
    strategy: str
    location: str
    size_bytes: int
    files: int
    duration_ms: int
    verified: bool
