"""A real supervisord: what it keeps running, and what remains when it is killed."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ocore.embedded.programs import Program
from ocore.embedded.states import ProgramState, State
from ocore.embedded.supervisor import Supervisor, supervisord_command
from ocore.errors import StepFailed
from ocore.kit.processes import process_key

SLEEP = ("sleep", "1000")


@pytest.fixture
def run_dir() -> Iterator[Path]:
    # Not tmp_path: a unix socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="oc-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def launch(run_dir: Path) -> AsyncIterator[Callable[[], Awaitable[subprocess.Popen[bytes]]]]:
    started: list[subprocess.Popen[bytes]] = []
    supervisor = Supervisor(run_dir)

    async def start() -> subprocess.Popen[bytes]:
        await supervisor.prepare()
        process = subprocess.Popen(supervisord_command(run_dir))
        started.append(process)
        await until(supervisor.reachable)
        return process

    yield start
    await supervisor.shutdown()
    for process in started:
        process.wait(20)


@pytest.fixture
async def supervisor(
    run_dir: Path, launch: Callable[[], Awaitable[subprocess.Popen[bytes]]]
) -> Supervisor:
    await launch()
    return Supervisor(run_dir)


async def until(condition: Callable[[], Awaitable[object]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.05)


def program(run_dir: Path, name: str = "p", argv: tuple[str, ...] = SLEEP) -> Program:
    return Program(
        name=name, argv=argv, log=run_dir / "log" / f"{name}.log", start_seconds=1, stop_seconds=5
    )


async def found(supervisor: Supervisor, name: str) -> ProgramState:
    state = await supervisor.state(name)
    assert state is not None
    return state


async def pid_of(supervisor: Supervisor, name: str) -> int:
    state = await found(supervisor, name)
    assert state.pid is not None
    return state.pid


async def running(supervisor: Supervisor, name: str) -> int:
    """Wait until it has stayed up: only then has it replaced the fork of the supervisor."""

    async def is_running() -> bool:
        return (await found(supervisor, name)).state is State.RUNNING

    await until(is_running)
    return await pid_of(supervisor, name)


async def test_what_is_ensured_runs_and_what_is_removed_does_not(
    supervisor: Supervisor, run_dir: Path
) -> None:
    await supervisor.ensure(program(run_dir))
    pid = await running(supervisor, "p")
    assert process_key(pid) is not None
    assert await supervisor.names() == ("p",)
    await supervisor.remove("p")
    assert process_key(pid) is None
    assert await supervisor.state("p") is None
    assert await supervisor.names() == ()
    await supervisor.remove("p")


async def test_a_program_that_goes_on_after_a_signal_stays_asked_for(
    supervisor: Supervisor, run_dir: Path
) -> None:
    heard = run_dir / "heard"
    script = f"trap 'touch {heard}' TERM; touch {run_dir}/ready; while :; do sleep 0.1; done"
    await supervisor.terminate("p")
    await supervisor.ensure(program(run_dir, argv=("sh", "-c", script)))
    pid = await running(supervisor, "p")

    async def ready() -> bool:
        return (run_dir / "ready").exists()

    async def has_heard() -> bool:
        return heard.exists()

    await until(ready)
    await supervisor.terminate("p")
    await until(has_heard)
    assert await pid_of(supervisor, "p") == pid


async def test_an_unchanged_program_is_left_alone_and_a_changed_one_replaced(
    supervisor: Supervisor, run_dir: Path
) -> None:
    await supervisor.ensure(program(run_dir))
    first = await running(supervisor, "p")
    await supervisor.ensure(program(run_dir))
    assert await pid_of(supervisor, "p") == first
    await supervisor.ensure(replace(program(run_dir), env={"COLOUR": "green"}))
    second = await running(supervisor, "p")
    assert second != first
    assert process_key(first) is None
    assert "COLOUR=green" in Path(f"/proc/{second}/environ").read_text().split("\0")


async def test_a_program_inherits_nothing_from_who_started_the_supervisor(
    run_dir: Path, launch: Callable[[], Awaitable[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SECRET", "hush")
    await launch()
    supervisor = Supervisor(run_dir)
    await supervisor.ensure(program(run_dir))
    pid = await running(supervisor, "p")
    assert "hush" not in Path(f"/proc/{pid}/environ").read_text()


async def test_a_crashed_program_is_started_again(supervisor: Supervisor, run_dir: Path) -> None:
    await supervisor.ensure(program(run_dir))
    first = await running(supervisor, "p")
    os.kill(first, signal.SIGKILL)

    async def replaced() -> bool:
        state = await found(supervisor, "p")
        return state.state is State.RUNNING and state.pid != first

    await until(replaced)


async def test_a_program_given_up_is_visible_and_can_be_started_again(
    supervisor: Supervisor, run_dir: Path
) -> None:
    flag = run_dir / "healthy"
    script = f"test -e {flag} && exec sleep 1000; exit 3"
    broken = replace(program(run_dir, argv=("sh", "-c", script)), start_retries=0)
    await supervisor.ensure(broken)

    async def given_up() -> bool:
        return (await found(supervisor, "p")).state is State.FATAL

    await until(given_up)
    assert "too quickly" in (await found(supervisor, "p")).trouble
    flag.touch()
    await supervisor.ensure(broken)
    assert (await found(supervisor, "p")).state in {State.STARTING, State.RUNNING}


async def test_nothing_survives_the_kill_of_the_supervisor_and_all_comes_back(
    run_dir: Path, launch: Callable[[], Awaitable[subprocess.Popen[bytes]]]
) -> None:
    process = await launch()
    supervisor = Supervisor(run_dir)
    names = ("a", "b", "c")
    for name in names:
        await supervisor.ensure(program(run_dir, name))
    before = [await pid_of(supervisor, name) for name in names]
    process.kill()
    process.wait()

    async def dead() -> bool:
        return all(process_key(pid) is None for pid in before)

    await until(dead)
    assert not await supervisor.reachable()
    await launch()
    for name in names:
        assert (await pid_of(supervisor, name)) not in before


async def test_a_program_that_holds_data_may_end_by_itself_when_the_supervisor_is_killed(
    run_dir: Path, launch: Callable[[], Awaitable[subprocess.Popen[bytes]]]
) -> None:
    process = await launch()
    farewell = run_dir / "farewell"
    script = f"trap 'touch {farewell}; exit' INT; while :; do sleep 0.1; done"
    supervisor = Supervisor(run_dir)
    await supervisor.ensure(
        replace(program(run_dir, argv=("sh", "-c", script)), death_signal="INT")
    )
    await running(supervisor, "p")
    process.kill()

    async def said() -> bool:
        return farewell.exists()

    await until(said)


async def test_callers_at_once_do_not_fight(supervisor: Supervisor, run_dir: Path) -> None:
    others = [Supervisor(run_dir) for _ in range(6)]
    await asyncio.gather(
        *(other.ensure(program(run_dir)) for other in others),
        *(other.ensure(program(run_dir, f"q{n}")) for n, other in enumerate(others)),
        *(other.remove("absent") for other in others),
    )
    assert await supervisor.names("q") == tuple(f"q{n}" for n in range(6))
    pids = {await pid_of(supervisor, name) for name in await supervisor.names()}
    assert len(pids) == 7


async def test_what_is_asked_for_without_a_supervisor_comes_up_with_it(
    run_dir: Path, launch: Callable[[], Awaitable[object]]
) -> None:
    supervisor = Supervisor(run_dir)
    await supervisor.prepare()
    with pytest.raises(StepFailed, match="ocore up"):
        await supervisor.ensure(program(run_dir))
    (run_dir / "log").rmdir()
    await launch()
    assert await pid_of(supervisor, "p")


async def test_without_a_supervisor_a_program_can_be_forgotten(run_dir: Path) -> None:
    supervisor = Supervisor(run_dir)
    await supervisor.prepare()
    with pytest.raises(StepFailed):
        await supervisor.ensure(program(run_dir))
    await supervisor.remove("p")
    assert await supervisor.names() == ()


async def test_shutdown_stops_every_program_and_returns_when_all_is_over(
    supervisor: Supervisor, run_dir: Path
) -> None:
    await supervisor.ensure(program(run_dir))
    pid = await running(supervisor, "p")
    await supervisor.shutdown()
    assert process_key(pid) is None
    assert not await supervisor.reachable()
    assert await supervisor.names() == ("p",)
    await supervisor.shutdown()


async def test_only_its_owner_can_speak_to_the_supervisor(
    supervisor: Supervisor, run_dir: Path
) -> None:
    await supervisor.prepare()
    assert (run_dir / "supervisor.sock").stat().st_mode & 0o777 == 0o700


async def test_shutdown_goes_by_priority_the_highest_first(
    supervisor: Supervisor, run_dir: Path
) -> None:
    order = run_dir / "order"
    for name, priority in (("database", 10), ("odoo", 500), ("worker", 999)):
        script = (
            f"trap 'sleep 0.2; echo {name} >> {order}; exit' TERM; while :; do sleep 0.05; done"
        )
        argv = ("sh", "-c", script)
        await supervisor.ensure(replace(program(run_dir, name, argv), priority=priority))
        await running(supervisor, name)
    await supervisor.shutdown()
    assert order.read_text().split() == ["worker", "odoo", "database"]


async def test_a_supervisor_in_its_last_moments_is_waited_for(run_dir: Path) -> None:
    hung_up = 0

    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hung_up
        hung_up += 1
        writer.close()

    # Stands for a supervisord that is about to end: when exactly it hangs up is its own affair.
    socket = run_dir / "supervisor.sock"
    dying = await asyncio.start_unix_server(hang_up, socket)
    waiting = asyncio.create_task(Supervisor(run_dir).let_end(seconds=30))
    while hung_up < 2 and not waiting.done():  # noqa: ASYNC110 - counted by the server above
        await asyncio.sleep(0.01)
    assert not waiting.done()
    dying.close()
    socket.unlink(missing_ok=True)
    await waiting
