"""How long users wait for an update, as earlier updates of the instance and its size tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from ocore.artifacts import Snapshot
from ocore.deployments.evidence import Finding
from ocore.deployments.model import Deployment, Result, Step
from ocore.deployments.products import Inspected, Snapped
from ocore.deployments.weights import EVERY_ROW
from ocore.kit.moments import in_seconds
from ocore.snapshots import Room

_MOST_COUNTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long it will take, None when nobody knows, and why that is thought."""

    milliseconds: int | None
    reason: str


NOBODY_WAITS: Final = Estimate(milliseconds=0, reason="nothing is updated: nobody waits")


def window_of(deployment: Deployment) -> timedelta | None:
    """Return how long an update kept users waiting at most; None when it stopped nobody."""
    if deployment.target is not None or deployment.previous is None:
        return None
    if not deployment.replaces_data or not deployment.settled(Step.SWITCH):
        return None
    began = next(
        entry.at
        for entry in reversed(deployment.journal)
        if entry.step is Step.SNAPSHOT and entry.result is Result.RUNNING
    )
    switched = deployment.last(Step.SWITCH)
    return switched.at - began if switched is not None else None


def expected_window(
    inspected: Inspected,
    newest_first: Sequence[Deployment],
    *,
    room: Room,
    findings: Sequence[Finding] = (),
) -> Estimate:
    """Return how long this plan will keep users waiting, by what went live before.

    Updates of the same modules tell more than others: theirs count where there are any. Where a
    snapshot copies the database, it takes as much longer as that has grown. What is done to every
    row of a table is named with its rows, and not guessed.
    """
    planned = _names(inspected)
    if not planned:
        return NOBODY_WAITS
    measured = [(each, window) for each in newest_first if (window := window_of(each)) is not None]
    alike = [pair for pair in measured if planned & _names(pair[0].produced(Inspected))]
    counted = (alike or measured)[:_MOST_COUNTED]
    beside = _beside(findings)
    if not counted:
        unknown = "no update of this instance has been measured yet"
        return Estimate(milliseconds=None, reason=unknown + beside)
    windows = [window + _growth(each, room) for each, window in counted]
    which = "the same modules" if alike else "other modules"
    return Estimate(
        milliseconds=round(median(window / timedelta(milliseconds=1) for window in windows)),
        reason=(
            f"the middle of the last {len(windows)} that updated {which}:"
            f" {in_seconds(min(windows))} to {in_seconds(max(windows))}"
            f"{_scaled(counted, room)}{beside}"
        ),
    )


def _growth(deployment: Deployment, room: Room) -> timedelta:
    """Return how much longer the copy of the database takes now than in an earlier window."""
    copied = _copied(deployment, room)
    if copied is None:
        return timedelta()
    return timedelta(milliseconds=copied.duration_ms) * (room.database / copied.size_bytes - 1)


def _copied(deployment: Deployment, room: Room) -> Snapshot | None:
    """Return the snapshot of an earlier window if it copied what one would copy now."""
    snapped = deployment.find(Snapped)
    if snapped is None or room.needed == 0 or snapped.snapshot.strategy != room.strategy:
        return None
    return snapped.snapshot if snapped.snapshot.size_bytes > 0 else None


def _scaled(counted: Sequence[tuple[Deployment, timedelta]], room: Room) -> str:
    copies = [copied for each, _ in counted if (copied := _copied(each, room)) is not None]
    if not copies:
        return ""
    sizes = [copied.size_bytes for copied in copies]
    then = _mebibytes(min(sizes), max(sizes))
    return f", with the copy of {then} then scaled to {_mebibytes(room.database)} now"


def _beside(findings: Sequence[Finding]) -> str:
    """Return what no earlier update has measured: the rows that this one computes or rewrites."""
    rows = {
        str(each.metadata["table"]): int(each.metadata["rows"])
        for each in findings
        if each.cls in EVERY_ROW and each.metadata.get("rows")
    }
    if not rows:
        return ""
    named = ", ".join(f"{table} (about {count:,})" for table, count in sorted(rows.items()))
    return f"; not in it: what is done to every row of {named}"


def _mebibytes(*sizes: int) -> str:
    return " to ".join(dict.fromkeys(f"{size / 1024**2:.0f} MiB" for size in sizes))


def _names(inspected: Inspected) -> set[str]:
    return {change.name for change in inspected.planned}
