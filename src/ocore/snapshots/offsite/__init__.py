"""Copies of snapshots away from this machine: encrypted here, and each content sent once."""

from collections.abc import AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ocore.artifacts import Snapshot
from ocore.environments import Instance, Live
from ocore.snapshots.records import SnapshotRecord, SnapshotSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of a snapshot, and the SHA-256 of the pieces it is stored in, in order."""

    path: str
    size: int
    sha256: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a copy consists of. It is written last, so that a half copy never counts."""

    snapshot: Snapshot
    instance: Instance
    live: Live | None
    taken_at: datetime
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one copy took: objects and bytes that had to be sent, and all that it consists of."""

    objects: int
    sent_bytes: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy there is, by the names of its manifest."""

    organization_id: str
    instance_id: str
    snapshot_id: str
    taken_at: datetime
    manifest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The snapshots of an instance that have a copy, newest first, wherever else they are gone."""

    instance: Instance
    settings: SnapshotSettings
    records: tuple[SnapshotRecord, ...]


class Offsite(Protocol):
    """The store of copies. Every call may be repeated; StepFailed says what is in the way."""

    async def send(self, record: SnapshotRecord, instance: Instance) -> Sent:
        """Make the copy whole. What is there already is not sent again.

        What is sent is read back, and compared, before the copy counts.
        """
        ...

    async def remove(self, instance: Instance, snapshot_ids: Collection[str]) -> None:
        """Delete these copies, and what no other copy of the organization consists of.

        Nobody may send meanwhile.
        """
        ...

    async def copies(self) -> tuple[Copy, ...]:
        """Return all whole copies, oldest first."""
        ...

    async def open(self, copy: Copy) -> Manifest:
        """Return what a copy consists of. StepFailed: the key does not fit, or it was changed."""
        ...

    async def fetch(self, copy: Copy, folder: Path) -> Manifest:
        """Bring a copy into a folder, each file compared with its checksum; what is there stays."""
        ...


class Errands(Protocol):
    """What is to be sent, across organizations."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Say whether we are the only one who sends, for as long as the context lasts."""
        ...

    def waiting(self) -> AsyncIterator[tuple[SnapshotRecord, Instance]]:
        """Give one after the other what waits, newest first, each once."""
        ...

    async def stored(self, snapshot_id: str) -> None:
        """Write down that the copy is whole."""
        ...

    async def again(self, snapshot_id: str, *, seconds: float, message: str) -> None:
        """Let it be tried once more, later each time: `seconds` after the first try."""
        ...

    async def survey(self) -> tuple[Stored, ...]:
        """Return what has been stored, by instance."""
        ...

    async def removed(self, snapshot_id: str) -> None:
        """Write down that the copy is gone."""
        ...
