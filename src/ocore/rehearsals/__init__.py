"""Rehearsals: a throw-away copy of an instance's data, on which an update is tried first."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ocore.artifacts import Snapshot
from ocore.environments import Instance

_SUFFIX: Final = "__r"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portrait:
    """What a database looks like: the type of each `table.column`, and the rows of each table.

    Tables that Odoo writes by itself, and those too large to count, have no row count.
    """

    columns: Mapping[str, str]
    rows: Mapping[str, int]


class Rehearsals(Protocol):
    """Makes stand-ins for instances and throws them away. Every call may be repeated."""

    async def prepare(self, instance: Instance) -> None:
        """Give the stand-in the data of now, beside whoever works in the instance.

        It has a role, a filestore and secrets of its own; what an earlier try left behind is gone.
        """
        ...

    async def receive(self, instance: Instance, snapshot: Snapshot) -> None:
        """Give the stand-in the data of a snapshot of any instance, by its dump.

        As `prepare` does it otherwise. StepFailed: it has no whole dump, or is damaged, and where.
        """
        ...

    async def hand_over(self, instance: Instance, copy_id: str) -> Snapshot:
        """Let the stand-in's data be the instance's own, and return it as a copy to put in place.

        Owner, rights and settings are those of the instance's database. The stand-in is used up.
        """
        ...

    async def harmful(self, instance: Instance) -> str | None:
        """Return why the stand-in could still reach people; None once it is neutralized."""
        ...

    async def portrait(self, instance: Instance) -> Portrait:
        """Return what the stand-in's database looks like now."""
        ...

    async def discard(self, instance: Instance) -> None:
        """Remove the stand-in with all it has; nothing happens when there is none."""
        ...


def stand_in(instance: Instance) -> Instance:
    """Return the throw-away instance that stands in for this one in a rehearsal."""
    return replace(instance, database=f"{instance.database}{_SUFFIX}", throwaway=True)
