"""Which snapshots may go. Decided from values alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ocore.snapshots.records import Kept, SnapshotRecord, SnapshotSettings, SnapshotStatus

LEAST: Final = 2
"""As many of the newest stay, whatever their age: the last one restorable, and one before it."""
MOST: Final = 20
"""More than these are not kept, whatever their age."""


def expired(kept: Kept, now: datetime) -> tuple[SnapshotRecord, ...]:
    """Return what may be deleted, oldest first.

    Never a pinned one, never one that a deployment at work may want or the next rollback would
    restore, and never the newest ones.
    """
    oldest = now - timedelta(days=kept.settings.retention_days)
    spared = kept.needed | {record.id for record in _newest(kept.records)}
    return tuple(
        record
        for place, record in reversed(list(enumerate(kept.records)))
        if record.id not in spared
        and not record.pinned
        and (record.created_at < oldest or place >= MOST)
    )


def expired_copies(
    stored: Sequence[SnapshotRecord], settings: SnapshotSettings, now: datetime
) -> tuple[SnapshotRecord, ...]:
    """Return the copies off-site that may be deleted; `stored`: all of an instance, newest first.

    A copy goes after its snapshot: deleted here by anybody, or gone in some other way and too old.
    A machine that lost its disk deletes nothing, and never does the newest copy go.
    """
    oldest = now - timedelta(days=settings.retention_days)
    return tuple(
        record
        for record in stored[1:]
        if record.status is SnapshotStatus.DELETED
        or (
            record.status is not SnapshotStatus.AVAILABLE
            and not record.pinned
            and record.created_at < oldest
        )
    )


def _newest(records: Sequence[SnapshotRecord]) -> list[SnapshotRecord]:
    """Return the newest ones of all, and the newest ones that were verified."""
    verified = [each for each in records if each.snapshot is not None and each.snapshot.verified]
    return [*records[:LEAST], *verified[:LEAST]]
