"""Sends snapshots off-site, newest first, and lets their copies go by the rules of snapshots."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from ocore.errors import StepFailed
from ocore.snapshots.offsite import Errands, Offsite, Stored
from ocore.snapshots.records import SnapshotRecord
from ocore.snapshots.retention import expired_copies

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 10.0
SWEEP_SECONDS: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """What one worker sends with. After a failure it waits `again_seconds`, then ever longer."""

    errands: Errands
    offsite: Offsite
    now: Callable[[], datetime]
    again_seconds: float = 30.0


async def carry(carrier: Carrier) -> None:
    """Send until cancelled; return at once while another worker does.

    One alone, because pieces are deleted, too: whoever does must know what is on its way.
    """
    async with carrier.errands.alone() as alone:
        if alone:
            await _carry(carrier)


async def send_all(carrier: Carrier) -> None:
    """Send what waits. What does not succeed stays behind for later, and the rest goes on."""
    async for record, instance in carrier.errands.waiting():
        try:
            sent = await carrier.offsite.send(record, instance)
        except StepFailed as failure:
            log.warning("snapshot not sent off-site", snapshot=record.id, reason=str(failure))
            await carrier.errands.again(
                record.id, seconds=carrier.again_seconds, message=str(failure)
            )
        else:
            await carrier.errands.stored(record.id)
            log.info(
                "snapshot stored off-site",
                snapshot=record.id,
                objects=sent.objects,
                bytes=sent.sent_bytes,
                parts=sent.parts,
            )


async def let_go(carrier: Carrier) -> None:
    """Delete the copies that the rules of snapshots no longer keep."""
    for stored in await carrier.errands.survey():
        gone = expired_copies(stored.records, stored.settings, carrier.now())
        if gone:
            await _remove(carrier, stored, gone)


async def _carry(carrier: Carrier) -> None:
    clock = asyncio.get_running_loop().time
    sweep_at = clock()
    while True:
        await send_all(carrier)
        if clock() >= sweep_at:
            await let_go(carrier)
            sweep_at = clock() + SWEEP_SECONDS
        await asyncio.sleep(POLL_SECONDS)


async def _remove(carrier: Carrier, stored: Stored, gone: tuple[SnapshotRecord, ...]) -> None:
    ids = [record.id for record in gone]
    try:
        await carrier.offsite.remove(stored.instance, ids)
    except StepFailed as failure:
        log.warning("copies stay off-site", snapshots=ids, reason=str(failure))
        return
    for each in ids:
        await carrier.errands.removed(each)
        log.info("copy deleted off-site", snapshot=each)
