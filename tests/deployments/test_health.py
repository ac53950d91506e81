from dataclasses import dataclass, replace

import pytest

from ocore.artifacts import Colour, Endpoint
from ocore.deployments.steps.health import answering
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.runtime import Probe
from tests.deployments.world import INSTANCE, World, endpoint_of, toolbox

UP = Probe(name="/web/health", passed=True, answer="200")
BROKEN = Probe(name="/web/login", passed=False, answer="500")
SILENT = Probe(name="/web/login", passed=False, answer="no answer in time", answered=False)
GOOD = Probe(name="/web/login", passed=True, answer="200")
STARTING = Probe(name="/web/health", passed=False, answer="no answer", answered=False)


@dataclass
class Script:
    """Answers each round of questions as written, the last one for ever."""

    rounds: list[tuple[Probe, ...]]

    async def probe(self, _instance: Instance, _endpoint: Endpoint) -> tuple[Probe, ...]:
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]

    async def log_tail(self, _instance: Instance, _colour: Colour, _lines: int) -> tuple[str, ...]:
        return ()


def asking(world: World, *rounds: tuple[Probe, ...]) -> Toolbox:
    return replace(toolbox(world), watch=Script(list(rounds)), health_seconds=120)


async def ask(tools: Toolbox) -> tuple[Probe, ...]:
    return await answering(INSTANCE, endpoint_of(Colour.GREEN), colour=Colour.GREEN, tools=tools)


def waited(world: World, since: World) -> float:
    return (world.clock - since.clock).total_seconds()


async def test_a_colour_that_starts_slowly_is_waited_for() -> None:
    world = World()
    rounds = [(STARTING,)] * 20 + [(UP, SILENT)] * 3 + [(UP, GOOD)]
    assert await ask(asking(world, *rounds)) == (UP, GOOD)


async def test_a_page_that_fails_once_may_recover() -> None:
    assert await ask(asking(World(), (UP, BROKEN), (UP, GOOD))) == (UP, GOOD)


async def test_a_page_that_keeps_failing_under_a_healthy_odoo_is_not_waited_for() -> None:
    world = World()
    with pytest.raises(StepFailed, match=r"/web/login did not pass in .* s: 500"):
        await ask(asking(world, (UP, BROKEN)))
    assert waited(world, World()) < 15


async def test_silence_is_waited_for_until_the_deadline() -> None:
    world = World()
    with pytest.raises(StepFailed, match="no answer in time"):
        await ask(asking(world, (UP, SILENT)))
    assert waited(world, World()) >= 120
