"""Snapshots: database and filestore of an instance at one moment, and the way back."""

import asyncio
from collections.abc import Collection, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from ocore.artifacts import Snapshot
from ocore.environments import Instance
from ocore.errors import StepFailed


async def in_time(taking: Coroutine[Any, Any, Snapshot], *, seconds: float) -> Snapshot:
    """Return the snapshot, or StepFailed when it takes longer than its environment allows."""
    try:
        async with asyncio.timeout(seconds):
            return await taking
    except TimeoutError:
        raise StepFailed(f"no snapshot after {seconds:g} s (timeoutSeconds)") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLoss:
    """What a restore would undo in one table; `rows` is `now - then`.

    Inserted, updated and deleted since; None where nobody knows.
    """

    table: str
    rows: int
    inserted: int | None = None
    updated: int | None = None
    deleted: int | None = None

    @property
    def changes(self) -> dict[str, int | None]:
        return {"inserted": self.inserted, "updated": self.updated, "deleted": self.deleted}

    @property
    def differs(self) -> bool:
        return any((self.rows, self.inserted, self.updated, self.deleted))


def rows_by_table(losses: Iterable[TableLoss]) -> dict[str, int]:
    """Return `now - then` of the tables whose number of rows differs."""
    return {loss.table: loss.rows for loss in losses if loss.rows}


def changes_by_table(losses: Iterable[TableLoss]) -> dict[str, dict[str, int | None]]:
    """Return what was done in each table since."""
    return {loss.table: loss.changes for loss in losses}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a snapshot of a database would take, and what is left for it; bytes.

    Files are linked and take none. `strategy` is the one a snapshot in the window would use;
    `needed` is 0 where blocks are shared. `free` is None when the databases are not on this
    machine.
    """

    strategy: str
    database: int
    needed: int
    free: int | None


class Snapshots(Protocol):
    """Takes and restores snapshots. Every call may be repeated with the same ids."""

    async def ready(self, instance: Instance, snapshot_id: str) -> tuple[str, ...]:
        """Do what can be done while the instance serves, so that `take` is short.

        Return the files that the database refers to and the filestore has lost, before us.
        """
        ...

    async def take(self, instance: Instance, snapshot_id: str) -> Snapshot:
        """Take one while nobody is connected: cloned where the disk can, else a template copy.

        Whoever is still connected is cut off. Asked again with the same id: made anew, because a
        first try may have stopped half-way.
        """
        ...

    async def take_online(self, instance: Instance, snapshot_id: str) -> Snapshot:
        """Take one beside a serving instance: a dump. Slower to restore, costs no downtime."""
        ...

    async def copy(self, instance: Instance, snapshot: Snapshot, copy_id: str) -> Snapshot:
        """Make a copy that `revert` may use up; the snapshot stays as it is.

        StepFailed when the snapshot is gone, incomplete or damaged, and where. A dump becomes a
        database here.
        """
        ...

    async def revert(self, instance: Instance, snapshot: Snapshot) -> None:
        """Put the present aside and the snapshot in its place, by renaming: this uses it up.

        Nobody can connect meanwhile. Asked again after it was done: nothing happens. What was put
        aside stays for inspection by an administrator until the shelf is cleared.
        """
        ...

    async def losses(self, instance: Instance, snapshot: Snapshot) -> tuple[TableLoss, ...] | None:
        """Return what was done since, tables that differ only; None when it cannot be told."""
        ...


class Shelf(Protocol):
    """What has been kept, and the room for more. Every call may be repeated."""

    async def exists(self, snapshot: Snapshot) -> bool:
        """Say whether it could be restored now."""
        ...

    async def lost(self, instance: Instance) -> tuple[str, ...]:
        """Return the files that the instance's attachments are in, and that are not there."""
        ...

    async def remove(self, snapshot: Snapshot) -> None:
        """Delete it for good; one that is gone already is fine."""
        ...

    async def copies(self, instance: Instance) -> tuple[str, ...]:
        """Return the databases of all snapshots and copies there are, recorded or not."""
        ...

    async def forget(self, instance: Instance, databases: Collection[str]) -> None:
        """Delete copies that nobody knows of any more, with their files."""
        ...

    async def clear_aside(self, instance: Instance, *, before: datetime) -> tuple[str, ...]:
        """Delete what was put aside before a moment, and return the databases' names."""
        ...

    async def clear_folders(self, *, known: Collection[str], before: datetime) -> tuple[str, ...]:
        """Delete folders of snapshots that are not known by their ids, and return their names.

        What was changed after that moment stays: it may be on its way.
        """
        ...

    async def prove(self, instance: Instance, snapshot: Snapshot) -> None:
        """Restore it into a scratch database and compare; a fast one gets a dump of its own first.

        The dump is made from the snapshot, not from the instance, and serves when the snapshot's
        database is lost. StepFailed says what does not come back.
        """
        ...

    async def room(self, instance: Instance) -> Room:
        """Measure what a snapshot would take now."""
        ...

    async def file_bytes(self, instance: Instance) -> int:
        """Add up the files of an instance; it takes a walk through all of them."""
        ...
