import asyncio
import threading

import pytest

from ocore.kit.threads import to_its_end


async def test_a_cancel_waits_for_the_end_of_the_thread() -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def change() -> None:
        begun.set()
        may_end.wait(10)
        done.append("changed")

    working = asyncio.create_task(to_its_end(change))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(2):
        working.cancel()
        await asyncio.sleep(0.01)
        assert not working.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert done == ["changed"]


async def test_what_the_function_returns_or_raises_comes_back() -> None:
    assert await to_its_end(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await to_its_end(divmod, 7, 0)
