import pytest

from ocore.errors import LeaseLost
from ocore.worker.fence import fenced


class Door:
    def __init__(self) -> None:
        self.opened: list[str] = []

    async def open(self, name: str) -> str:
        self.opened.append(name)
        return f"{name} is open"


async def test_a_call_goes_through_while_the_lease_is_ours() -> None:
    async def ours() -> None:
        return None

    door = Door()
    assert await fenced(door, ours).open("front") == "front is open"


async def test_a_worker_that_lost_its_lease_touches_nothing() -> None:
    async def lost() -> None:
        raise LeaseLost("term 1 is over")

    door = Door()
    with pytest.raises(LeaseLost):
        await fenced(door, lost).open("front")
    assert door.opened == []
