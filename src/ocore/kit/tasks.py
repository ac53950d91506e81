"""Tasks beside each other, and how they end."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def ends_first(work: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> bool:
    """Say whether `work` ended before all others; whatever is still running then is cancelled.

    What was cancelled has ended, too, when this returns.
    """
    main = asyncio.create_task(work)
    guards = [asyncio.create_task(each) for each in others]
    try:
        done, _ = await asyncio.wait({main, *guards}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        return main in done
    finally:
        await end_all(main, *guards)


async def end_all(*tasks: asyncio.Task[Any]) -> None:
    """Cancel these, and return when all have ended; how is of no interest any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
