"""Keeps snapshots: takes and deletes those that are wanted so, and lets old ones go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from ocore.artifacts import Snapshot
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit.tasks import ends_first
from ocore.snapshots import Shelf, Snapshots, in_time
from ocore.snapshots.records import (
    Chore,
    ChoreKind,
    Chores,
    Kept,
    Proof,
    SnapshotSettings,
    SnapshotStatus,
)
from ocore.snapshots.retention import expired

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 600.0
_LEASE_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.5
_MOST_ATTEMPTS: Final = 5
_ROOM_SECONDS: Final = 3600.0
_SPARE_BYTES: Final = 128 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """What one worker keeps snapshots with. What was put aside goes after `aside_hours`."""

    name: str
    chores: Chores
    snapshots: Snapshots
    shelf: Shelf
    settings: Callable[[Instance], Awaitable[SnapshotSettings]]
    now: Callable[[], datetime]
    aside_hours: float = 48.0
    again_seconds: float = 30.0


async def keep(keeper: Keeper) -> None:
    """Keep until cancelled: one chore after another, and a look at everything now and then."""
    clock = asyncio.get_running_loop().time
    sweep_at = clock()
    while True:
        while chore := await keeper.chores.claim(keeper.name, seconds=_LEASE_SECONDS):
            await do(keeper, chore)
        if clock() >= sweep_at:
            await sweep(keeper)
            sweep_at = clock() + SWEEP_SECONDS
        await asyncio.sleep(POLL_SECONDS)


async def do(keeper: Keeper, chore: Chore) -> None:
    """Do what is wanted of one snapshot, and write down how it ended."""
    if not await ends_first(_do(keeper, chore), _renew(keeper, chore)):
        log.warning("snapshot left to another worker", snapshot=chore.record.id)


async def sweep(keeper: Keeper) -> None:
    """Look at all that is kept: note what is missing, let go what is old."""
    surveyed = await keeper.chores.survey()
    # Listed before what is known is asked for again: what comes into being meanwhile is not listed.
    copies = {kept.instance.id: await keeper.shelf.copies(kept.instance) for kept in surveyed}
    surveyed = await keeper.chores.survey()
    before = keeper.now() - timedelta(hours=keeper.aside_hours)
    for kept in surveyed:
        await _forget_orphans(keeper, kept, copies.get(kept.instance.id, ()))
        await _note_missing(keeper, kept)
        for record in expired(kept, keeper.now()):
            reason = f"older than {kept.settings.retention_days} days, or one of too many"
            await keeper.chores.mark(record.id, SnapshotStatus.DELETING, message=reason)
            log.info("snapshot expired", snapshot=record.id, instance=kept.instance.id)
        for name in await keeper.shelf.clear_aside(kept.instance, before=before):
            log.info("deleted what was put aside", database=name)
    for name in await keeper.shelf.clear_folders(known=_known(surveyed), before=before):
        log.info("deleted files that no snapshot needs", folder=name)


def _known(surveyed: Sequence[Kept]) -> frozenset[str]:
    """Return the ids of all snapshots and of all deployments that are not over."""
    ids = {record.id for kept in surveyed for record in kept.records}
    return frozenset(ids.union(*(kept.needed for kept in surveyed)))


async def _do(keeper: Keeper, chore: Chore) -> None:
    try:
        await _ACTIONS[chore.kind](keeper, chore)
    except StepFailed as failure:
        log.warning("snapshot not done", snapshot=chore.record.id, reason=str(failure))
        await _failed(keeper, chore, str(failure))


async def _failed(keeper: Keeper, chore: Chore, reason: str) -> None:
    if chore.attempts < _MOST_ATTEMPTS or chore.kind is ChoreKind.DELETE:
        await keeper.chores.again(chore, seconds=keeper.again_seconds, message=reason)
    elif chore.kind is ChoreKind.PROVE:
        await keeper.chores.proven(chore, Proof.FAILED, message=reason)
    else:
        await keeper.chores.finish(chore, SnapshotStatus.FAILED, snapshot=None, message=reason)


async def _take(keeper: Keeper, chore: Chore) -> None:
    seconds = (await keeper.settings(chore.instance)).timeout_seconds
    await keeper.snapshots.ready(chore.instance, chore.record.id)
    taking = keeper.snapshots.take_online(chore.instance, chore.record.id)
    taken = await in_time(taking, seconds=seconds)
    status = SnapshotStatus.AVAILABLE
    if not await keeper.chores.finish(chore, status, snapshot=taken, message=None):
        raise StepFailed("a deployment went live meanwhile: its data and code would not match")
    log.info("snapshot taken", snapshot=taken.id, milliseconds=taken.duration_ms)


async def _prove(keeper: Keeper, chore: Chore) -> None:
    if chore.record.snapshot is None:
        raise LookupError(f"snapshot {chore.record.id} is available and was never taken")
    # A dump of it, and a database restored from that, beside all there is.
    wanted = 2 * chore.record.snapshot.size_bytes + _SPARE_BYTES
    free = (await keeper.shelf.room(chore.instance)).free
    if free is not None and free < wanted:
        reason = f"no room to restore it for a test: {wanted} bytes are needed, {free} are free"
        await keeper.chores.again(chore, seconds=_ROOM_SECONDS, message=reason)
        return
    proving = keeper.shelf.prove(chore.instance, chore.record.snapshot)
    if await ends_first(proving, _wait_for_a_deployment(keeper, chore)):
        await keeper.chores.proven(chore, Proof.PASSED, message=None)
        log.info("snapshot restored for a test", snapshot=chore.record.id)
    else:
        await keeper.chores.put_back(chore)
        log.info("restore test made way for a deployment", snapshot=chore.record.id)


async def _delete(keeper: Keeper, chore: Chore) -> None:
    await keeper.shelf.remove(chore.record.snapshot or _unfinished(chore))
    await keeper.chores.finish(chore, SnapshotStatus.DELETED, snapshot=None, message=None)
    log.info("snapshot deleted", snapshot=chore.record.id)


def _unfinished(chore: Chore) -> Snapshot:
    """Return what a snapshot that was never finished may have left: files, under its id."""
    return Snapshot(
        id=chore.record.id,
        strategy="dump",
        location="",
        size_bytes=0,
        files=0,
        duration_ms=0,
        verified=False,
    )


async def _renew(keeper: Keeper, chore: Chore) -> None:
    while await keeper.chores.renew(chore, seconds=_LEASE_SECONDS):  # noqa: ASYNC110 - a database
        await asyncio.sleep(_LEASE_SECONDS / 3)


async def _wait_for_a_deployment(keeper: Keeper, chore: Chore) -> None:
    while not await keeper.chores.in_the_way(chore):  # noqa: ASYNC110 - a database
        await asyncio.sleep(_LOOK_SECONDS)


async def _forget_orphans(keeper: Keeper, kept: Kept, copies: Sequence[str]) -> None:
    """Delete copies that no record tells of: a rollback that failed early leaves one."""
    if kept.busy:
        return
    known = {record.snapshot.location for record in kept.records if record.snapshot is not None}
    orphans = [name for name in copies if name not in known]
    if orphans:
        await keeper.shelf.forget(kept.instance, orphans)
        log.info("deleted copies that nobody needs", databases=orphans)


async def _note_missing(keeper: Keeper, kept: Kept) -> None:
    for record in kept.records:
        if record.snapshot is not None and not await keeper.shelf.exists(record.snapshot):
            message = f"not there any more: {record.snapshot.location}"
            await keeper.chores.mark(record.id, SnapshotStatus.MISSING, message=message)
            log.warning("snapshot missing", snapshot=record.id)


_ACTIONS: Final = {ChoreKind.TAKE: _take, ChoreKind.PROVE: _prove, ChoreKind.DELETE: _delete}
