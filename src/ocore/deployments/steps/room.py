"""Room: a change of data that could not be saved is refused while nothing is touched."""

from typing import Final

from ocore.deployments.evidence import FindingClass, Gate
from ocore.deployments.model import Deployment
from ocore.deployments.steps.outcome import Check
from ocore.deployments.toolbox import Lookout
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.snapshots import Room

_SPARE_BYTES: Final = 128 * 1024**2
_GROWTH: Final = 0.1
"""The share of a database that an update may write beside its snapshot: rows anew, and the log."""


async def demand_room(
    deployment: Deployment, tools: Lookout, *, copies: int = 1, beside: int = 0
) -> None:
    """StepFailed with the numbers when so many copies of the data would not fit.

    `beside` them other data needs so many bytes.
    """
    check = Check(
        gate=Gate.DATABASE_SNAPSHOT, name="Room for a snapshot", mode="static", now=tools.now
    )
    room = await tools.room(deployment.instance)
    wanted = wanted_bytes(room, copies=copies, beside=beside)
    missing = shortage(room, copies=copies, beside=beside)
    if missing is None:
        return
    sentence = (
        f"no room for a snapshot: {_mebibytes(wanted)} are needed"
        f" ({copies} x {_mebibytes(room.needed)} by {room.strategy}{_besides(beside)}, and what the"
        f" change itself writes), {_mebibytes(room.free or 0)} are free."
        f" Free {_mebibytes(missing)}, or delete snapshots"
    )
    finding = found(
        FindingClass.DISK_ROOM,
        sentence,
        neededBytes=wanted,
        freeBytes=room.free,
        databaseBytes=room.database,
        strategy=room.strategy,
    )
    raise check.failure(StepFailed(sentence), findings=(finding,))


def wanted_bytes(room: Room, *, copies: int, beside: int = 0) -> int:
    """Return what has to be free for so many copies and the change after them."""
    return copies * room.needed + beside + int(room.database * _GROWTH) + _SPARE_BYTES


def shortage(room: Room, *, copies: int, beside: int = 0) -> int | None:
    """Return the bytes that are missing; None when it fits, or when nobody knows what is free."""
    if room.free is None:
        return None
    missing = wanted_bytes(room, copies=copies, beside=beside) - room.free
    return missing if missing > 0 else None


def _besides(size: int) -> str:
    return f", {_mebibytes(size)} of other data" if size else ""


def _mebibytes(size: int) -> str:
    return f"{size / 1024**2:.0f} MiB"
