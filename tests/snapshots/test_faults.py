"""Whatever dies at whatever statement: one complete database, the old one or the new one.

Real servers, really killed. What is broken off is asked for again, as the next worker does.
"""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from ocore.artifacts import Snapshot
from ocore.databases.postgres import PostgresDatabases
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import ids
from ocore.snapshots.naming import snapshot_database
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from tests.databases.odoo_like import BASE, filestore, instance, make_base, query
from tests.disks import mounted
from tests.snapshots.faults import Machine, Moment, Saboteur, WorkerDied, content_of, machine

MOST_STATEMENTS = 60


@dataclass
class Stage:
    """An instance with a snapshot of yesterday and rows of today."""

    machine: Machine
    acme: Instance
    yesterday: Snapshot
    old: str
    now: str

    @property
    def snapshots(self) -> PostgresSnapshots:
        # A new one each time: the next worker knows nothing of the one that died.
        return PostgresSnapshots(self.machine.server, self.machine.home, None)

    def content(self) -> str | None:
        return content_of(self.machine.server, self.acme.database)


@pytest.fixture(scope="module")
async def host() -> AsyncIterator[Machine]:
    async with machine() as running:
        databases = PostgresDatabases(running.server, running.home, None, "a secret of tests")
        await make_base(databases, running.server, running.home)
        yield running


async def staged(host: Machine) -> Stage:
    databases = PostgresDatabases(host.server, host.home, None, "a secret of tests")
    acme = instance(f"fault_{ids.uuid7()[-8:]}")
    await databases.create(acme, base=BASE)
    snapshots = PostgresSnapshots(host.server, host.home, None)
    old = content_of(host.server, acme.database)
    yesterday = await snapshots.take(acme, ids.uuid7())
    await query(host.server, acme.database, "INSERT INTO library_loan (borrower) VALUES ('Joan')")
    (filestore(host.home, acme.database) / "ab" / "today").write_text("of today")
    now = content_of(host.server, acme.database)
    assert old is not None
    assert now is not None
    assert old != now
    return Stage(host, acme, yesterday, old, now)


async def take(stage: Stage, mark: str) -> None:
    assert (await stage.snapshots.take(stage.acme, mark)).verified


async def copy(stage: Stage, mark: str) -> None:
    assert (await stage.snapshots.copy(stage.acme, stage.yesterday, mark)).verified


async def revert(stage: Stage, mark: str) -> None:
    ready = await stage.snapshots.copy(stage.acme, stage.yesterday, mark)
    await stage.snapshots.revert(stage.acme, ready)


async def revert_alone(stage: Stage, mark: str) -> None:
    """Revert to what `revert` has copied: the second try knows the copy from the journal."""
    ready = Snapshot(
        id=mark,
        strategy=stage.yesterday.strategy,
        location=snapshot_database(stage.acme.database, mark),
        size_bytes=0,
        files=1,
        duration_ms=0,
        verified=True,
    )
    await stage.snapshots.revert(stage.acme, ready)


Action = Callable[[Stage, str], Awaitable[None]]


async def broken_off(
    stage: Stage, action: Action, saboteur: Saboteur, monkeypatch: pytest.MonkeyPatch, mark: str
) -> bool:
    """Let the action be broken off at the saboteur's statement; False when it ended before."""

    async def execute(
        connection: object, statement: object, *more: object, **options: object
    ) -> object:
        return await saboteur.execute(connection, statement, *more, **options)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.AsyncConnection, "execute", execute)
        try:
            await action(stage, mark)
        except WorkerDied:
            return True
    return False


async def assert_whole(stage: Stage, expected: set[str]) -> None:
    """Assert that the instance has one database of its name, complete, with all its files."""
    content = stage.content()
    assert content in expected, "neither the old data nor the new"
    tree = filestore(stage.machine.home, stage.acme.database)
    assert (tree / "ab" / "abcd").exists()
    if content == stage.now:
        assert (tree / "ab" / "today").exists()


@pytest.mark.parametrize("action", [take, copy], ids=["take", "copy"])
async def test_a_worker_that_dies_at_any_statement_leaves_the_instance_as_it_was(
    host: Machine, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    stage = await staged(host)
    for number in range(1, MOST_STATEMENTS):
        saboteur = Saboteur(number=number, moment="after")
        mark = ids.uuid7()
        if not await broken_off(stage, action, saboteur, monkeypatch, mark):
            break
        await assert_whole(stage, {stage.now})
        await action(stage, mark)
    assert len(saboteur.seen) > 5
    await assert_whole(stage, {stage.now})


async def test_a_worker_that_dies_at_any_statement_of_a_revert_leaves_old_or_new(
    host: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, ended = 0, False
    while not ended:
        stage, mark, number = await staged(host), ids.uuid7(), number + 1
        await stage.snapshots.copy(stage.acme, stage.yesterday, mark)
        saboteur = Saboteur(number=number, moment="after")
        ended = not await broken_off(stage, revert_alone, saboteur, monkeypatch, mark)
        assert stage.content() in {stage.old, stage.now}, saboteur.struck
        await revert_alone(stage, mark)
        await assert_whole(stage, {stage.old})
    assert number > 5


KILLED: list[tuple[Action, str, Moment, signal.Signals]] = [
    (take, "CREATE DATABASE", "before", signal.SIGKILL),
    (take, "CREATE DATABASE", "during", signal.SIGKILL),
    (take, "CREATE DATABASE", "during", signal.SIGQUIT),
    (take, "COMMENT", "after", signal.SIGQUIT),
    (copy, "CREATE DATABASE", "during", signal.SIGKILL),
    (copy, "GRANT", "after", signal.SIGQUIT),
    (revert_alone, "ALLOW_CONNECTIONS false", "after", signal.SIGKILL),
    (revert_alone, "RENAME TO", "before", signal.SIGQUIT),
    (revert_alone, "RENAME TO", "after", signal.SIGKILL),
    (revert_alone, "RENAME TO", "after", signal.SIGQUIT),
    (revert_alone, "RESET", "after", signal.SIGKILL),
]


@pytest.mark.parametrize(
    "death",
    KILLED,
    ids=[f"{a.__name__}-{m}-{s.replace(' ', '_')}-{h.name}" for a, s, m, h in KILLED],
)
async def test_a_server_that_dies_comes_back_with_one_complete_database(
    host: Machine,
    monkeypatch: pytest.MonkeyPatch,
    death: tuple[Action, str, Moment, signal.Signals],
) -> None:
    action, statement, moment, how = death
    stage, mark = await staged(host), ids.uuid7()
    reverting = action is revert_alone
    if reverting:
        await stage.snapshots.copy(stage.acme, stage.yesterday, mark)
    number = await place_of(stage, action, statement, monkeypatch)
    saboteur = Saboteur(number=number, moment=moment, machine=host, how=how)
    assert await broken_off(stage, action, saboteur, monkeypatch, mark)
    assert statement in saboteur.struck
    await host.start()
    assert stage.content() in ({stage.old, stage.now} if reverting else {stage.now})
    await action(stage, mark)
    await assert_whole(stage, {stage.old} if reverting else {stage.now})
    await stage.snapshots.losses(stage.acme, stage.yesterday)


async def place_of(
    stage: Stage, action: Action, statement: str, monkeypatch: pytest.MonkeyPatch
) -> int:
    """Return which statement it is, by a run on another instance that is not broken off."""
    rehearsal, mark = await staged(stage.machine), ids.uuid7()
    if action is revert_alone:
        await rehearsal.snapshots.copy(rehearsal.acme, rehearsal.yesterday, mark)
    saboteur = Saboteur(number=0, moment="before")
    assert not await broken_off(rehearsal, action, saboteur, monkeypatch, mark)
    return next(place for place, text in enumerate(saboteur.seen, 1) if statement in text)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    with mounted("ext4", 420 * 1024**2) as mount:
        yield mount


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
async def test_a_full_disk_is_a_sentence_and_the_instance_stays_whole(small_disk: Path) -> None:
    async with machine(small_disk) as host:
        databases = PostgresDatabases(host.server, host.home, None, "a secret of tests")
        await make_base(databases, host.server, host.home)
        stage = await staged(host)
        await query(
            host.server,
            stage.acme.database,
            "CREATE TABLE ballast AS SELECT repeat(md5(n::text), 60) AS text"
            " FROM generate_series(1, 12000) n",
        )
        await query(host.server, "postgres", "CHECKPOINT")
        stage.now = str(stage.content())
        with (small_disk / "full").open("wb") as file:
            free = os.statvfs(small_disk).f_bavail * os.statvfs(small_disk).f_frsize
            os.posix_fallocate(file.fileno(), 0, free - 6 * 1024**2)
        mark = ids.uuid7()
        with pytest.raises(
            StepFailed, match=r"the disk is full: .* takes \d+ bytes, and \d+ are free"
        ):
            await stage.snapshots.take(stage.acme, mark)
        (small_disk / "full").unlink()
        if host.process is not None and host.process.poll() is not None:
            await host.start()
        await host.cluster.wait_ready(seconds=60)
        await assert_whole(stage, {stage.now})
        await take(stage, mark)
        shelf = PostgresShelf(host.server, host.home)
        assert await shelf.exists(stage.yesterday)
        await revert(stage, ids.uuid7())
        await assert_whole(stage, {stage.old})
