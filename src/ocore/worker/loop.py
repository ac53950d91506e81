"""Claim, run, repeat: several deployments side by side, each under its own lease."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

import structlog

from ocore.deployments import pipeline
from ocore.deployments.ledger import Lease, Ledger
from ocore.deployments.runner import run_deployment
from ocore.deployments.toolbox import Toolbox
from ocore.errors import LeaseLost, Stopping, Unavailable
from ocore.kit.tasks import end_all, ends_first
from ocore.worker.transcript import Transcript

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 1.0
"""How long a worker sleeps when no wake-up comes: only a lost notification needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What a worker works with.

    `equip` gives the tools for one lease; `open_transcript` the pen for its log. A lease is renewed
    three times within `lease_seconds`.
    """

    name: str
    ledger: Ledger
    equip: Callable[[Lease, Transcript], Toolbox]
    open_transcript: Callable[[Lease], Awaitable[Transcript]]
    lease_seconds: float
    at_once: int = 4


async def work(shop: Shop, wake: asyncio.Event) -> None:
    """Work until cancelled. `wake` is set by whoever hears that something may be waiting."""
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            wake.clear()
            while len(running) < shop.at_once and (lease := await _claim(shop)):
                task = asyncio.create_task(_run(shop, lease), name=lease.deployment_id)
                running.add(task)
                task.add_done_callback(running.discard)
                task.add_done_callback(lambda _: wake.set())
            await _sleep_until(wake)
    finally:
        await end_all(*running)


async def _claim(shop: Shop) -> Lease | None:
    """Claim one; none while the records are away, and a restart would not bring them back."""
    try:
        return await shop.ledger.claim(shop.name)
    except Unavailable as failure:
        log.warning("records away", reason=str(failure))
        return None


async def stay_at(work: Callable[[], Coroutine[Any, Any, None]], *, pause: float = 5.0) -> None:
    """Do work that has no end, and begin anew after whatever ended it; until cancelled."""
    while True:
        try:
            await work()
        except Exception:
            # For the same reason as below: a bug in one corner must not end the worker.
            log.exception("work crashed", work=work)
        await asyncio.sleep(pause)


async def _sleep_until(wake: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await wake.wait()
    except TimeoutError:
        return


async def _run(shop: Shop, lease: Lease) -> None:
    """Run one deployment under its lease; nothing escapes but a cancel of the worker."""
    known = {"deployment": lease.deployment_id, "term": lease.term}
    log.info("deployment claimed", **known)
    try:
        await _run_with_heartbeat(shop, lease)
    except LeaseLost:
        log.warning("lease lost", **known)
    except (Stopping, Unavailable) as reason:
        log.warning("left to the next worker", reason=str(reason), **known)
    except Exception:
        # The one broad catch: a bug must not end the worker. The lease runs out, the next claim
        # tries the step again, and after MOST_ATTEMPTS it ends like any other failure.
        log.exception("deployment crashed", **known)
    else:
        log.info("deployment ended or blocked", **known)


async def _run_with_heartbeat(shop: Shop, lease: Lease) -> None:
    transcript = await shop.open_transcript(lease)
    tools = shop.equip(lease, transcript)

    async def run(renewal: Coroutine[Any, Any, None]) -> bool:
        deployment = run_deployment(lease, shop.ledger, tools)
        return await ends_first(deployment, renewal, transcript.keep_flushing())

    if not await run(_renew_until_cancel(shop, lease)):
        log.info("step cut short by a cancel", deployment=lease.deployment_id)
        await run(_renew(shop, lease))


async def _renew(shop: Shop, lease: Lease) -> None:
    while True:
        await asyncio.sleep(_renewal_pause(shop))
        await shop.ledger.renew(lease)


async def _renew_until_cancel(shop: Shop, lease: Lease) -> None:
    """Renew the lease until a cancel is asked for that may cut the step short."""
    while True:
        await asyncio.sleep(_renewal_pause(shop))
        if await shop.ledger.renew(lease):
            deployment = await shop.ledger.load(lease)
            if pipeline.cuts_short(deployment):
                return


def _renewal_pause(shop: Shop) -> float:
    return min(shop.lease_seconds / 3, 1.0)
