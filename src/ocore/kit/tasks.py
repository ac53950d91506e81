"""Work that others watch, and may end."""

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
        for task in (main, *guards):
            task.cancel()
        await asyncio.gather(main, *guards, return_exceptions=True)
