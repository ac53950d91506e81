"""Blocking work beside the event loop."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def to_its_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function that changes something in a thread; a cancel waits for its end.

    A thread cannot be stopped. Whoever held a lock around it must not let go while it still runs,
    as `asyncio.to_thread` does when it is cancelled.
    """
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    finally:
        while not running.done():
            await _waited(running)


async def _waited(running: asyncio.Future[T]) -> None:
    try:
        await asyncio.wait([running])
    except asyncio.CancelledError:
        # Cancelled once more: the first cancel is on its way up and will do.
        return
