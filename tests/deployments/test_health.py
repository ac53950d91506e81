from collections.abc import Sequence
from dataclasses import dataclass, field, replace

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
UNLOADED = Probe(name="/web/health", passed=False, answer="500")
STARTING = Probe(name="/web/health", passed=False, answer="no answer", answered=False)


@dataclass
class Script:
    """Answers each round of questions as written, the last one for ever."""

    rounds: list[tuple[Probe, ...]]
    logs: list[tuple[str, ...]] = field(default_factory=lambda: [()])

    async def probe(self, _instance: Instance, _endpoint: Endpoint) -> tuple[Probe, ...]:
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]

    async def log_tail(self, _instance: Instance, _colour: Colour, _lines: int) -> tuple[str, ...]:
        return self.logs.pop(0) if len(self.logs) > 1 else self.logs[0]


def asking(
    world: World, *rounds: tuple[Probe, ...], logs: Sequence[tuple[str, ...]] = ((),)
) -> Toolbox:
    watch = Script(list(rounds), list(logs))
    return replace(toolbox(world), watch=watch, health_seconds=120)


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


async def test_an_odoo_whose_code_cannot_be_loaded_is_not_waited_for() -> None:
    world = World()
    with pytest.raises(StepFailed, match=r"/web/health did not pass in .* s: 500"):
        await ask(asking(world, (STARTING,), (UNLOADED,)))
    assert waited(world, World()) < 15


async def test_silence_is_waited_for_until_the_deadline() -> None:
    world = World()
    with pytest.raises(StepFailed, match="no answer in time"):
        await ask(asking(world, (UP, SILENT)))
    assert waited(world, World()) >= 120


START = "2026-11-25 08:37:31,236 20092 INFO ? odoo: Odoo version 19.0 "
END = "2026-11-25 08:37:32,236 20092 CRITICAL shop odoo.service.server: Failed to initialize `shop`"


async def test_a_colour_that_ended_twice_is_not_waited_for() -> None:
    world = World()
    logs = [(), (START,), (START, END, START), (START, END, START, END, START)]
    with pytest.raises(StepFailed, match=r"/web/health did not pass in .* s: no answer"):
        await ask(asking(world, (STARTING,), logs=logs))
    assert waited(world, World()) < 5


@pytest.mark.parametrize("before", [(), (START, END) * 5], ids=["a new log", "a log with starts"])
async def test_a_colour_that_ended_once_may_come_up(before: tuple[str, ...]) -> None:
    rounds = [(STARTING,)] * 9 + [(UP, GOOD)]
    logs = [(*before, START), (*before, START, END, START)]
    assert await ask(asking(World(), *rounds, logs=logs)) == (UP, GOOD)
