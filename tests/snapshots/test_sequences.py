"""Any sequence of work, failures, crashes and ways back, against a model that is a few dicts."""

import asyncio
import hashlib
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ocore.artifacts import Snapshot
from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.kit import ids
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.postgres import PostgresSnapshots
from tests.databases.odoo_like import BASE, filestore, instance
from tests.snapshots.faults import Saboteur, WorkerDied

Kept = tuple[Snapshot, list[str], dict[str, bytes]]


class Instance(RuleBasedStateMachine):
    """One instance; `rows` and `files` are what it must hold."""

    home: Home
    server: PostgresServer
    snapshots_of_it = Bundle("snapshots")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.acme = instance(f"seq_{ids.uuid7()[-8:]}")
        self.rows: list[str] = []
        self.files: dict[str, bytes] = {}

    @initialize()
    def create(self) -> None:
        databases = PostgresDatabases(self.server, self.home, None, "a secret of tests")
        self.runner.run(databases.create(self.acme, base=BASE))
        self.rows, self.files = ["Ada", "Grace"], {"ab/abcd": b"an asset"}

    @rule(borrower=st.sampled_from(["Joan", "Katherine", "Mary"]))
    def lend(self, borrower: str) -> None:
        self._write(f"INSERT INTO library_loan (borrower) VALUES ('{borrower}')")
        self.rows.append(borrower)

    @rule()
    def take_everything_back(self) -> None:
        self._write("DELETE FROM library_loan")
        self.rows = []

    @rule(content=st.binary(min_size=1, max_size=20))
    def attach(self, content: bytes) -> None:
        name = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        path = filestore(self.home, self.acme.database) / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self.files[f"{name[:2]}/{name}"] = content

    @rule(target=snapshots_of_it, online=st.booleans())
    def take(self, *, online: bool) -> Kept:
        snapshots = self._snapshots()
        take = snapshots.take_online if online else snapshots.take
        taken = self.runner.run(take(self.acme, ids.uuid7()))
        assert taken.verified
        return taken, list(self.rows), dict(self.files)

    @rule(kept=snapshots_of_it)
    def go_back(self, kept: Kept) -> None:
        taken, rows, files = kept
        copy = self.runner.run(self._snapshots().copy(self.acme, taken, ids.uuid7()))
        self.runner.run(self._snapshots().revert(self.acme, copy))
        self.rows, self.files = list(rows), dict(files)

    @rule()
    def update_that_fails(self) -> None:
        taken = self.runner.run(self._snapshots().take(self.acme, ids.uuid7()))
        self._write("ALTER TABLE library_loan ADD COLUMN half int")
        self._write("DELETE FROM library_loan")
        self.runner.run(self._snapshots().revert(self.acme, taken))

    @rule(kept=snapshots_of_it, number=st.integers(1, 14))
    def go_back_with_a_crash(self, kept: Kept, number: int) -> None:
        taken, rows, files = kept
        copy = self.runner.run(self._snapshots().copy(self.acme, taken, ids.uuid7()))
        self._broken_off(self._snapshots().revert(self.acme, copy), number)
        self.runner.run(self._snapshots().revert(self.acme, copy))
        self.rows, self.files = list(rows), dict(files)

    @rule(number=st.integers(1, 14))
    def take_with_a_crash(self, number: int) -> None:
        mark = ids.uuid7()
        self._broken_off(self._snapshots().take(self.acme, mark), number)
        assert self.runner.run(self._snapshots().take(self.acme, mark)).verified

    @invariant()
    def it_holds_what_it_must(self) -> None:
        if not self.files:
            return
        with psycopg.connect(self.server.conninfo(self.acme.database)) as connection:
            found = connection.execute("SELECT borrower FROM library_loan ORDER BY id").fetchall()
        assert [row[0] for row in found] == self.rows
        tree = filestore(self.home, self.acme.database)
        held = {
            str(path.relative_to(tree)): path.read_bytes()
            for path in tree.rglob("*")
            if path.is_file()
        }
        assert held == self.files

    def teardown(self) -> None:
        self.runner.close()

    def _snapshots(self) -> PostgresSnapshots:
        return PostgresSnapshots(self.server, self.home, None)

    def _write(self, statement: str) -> None:
        with psycopg.connect(self.server.conninfo(self.acme.database)) as connection:
            connection.execute(statement.encode())

    def _broken_off(self, work: Any, number: int) -> None:
        """Let a worker do this, and die after its n-th statement that changes something."""
        saboteur = Saboteur(number=number, moment="after")

        async def execute(connection: object, *statement: Any, **options: Any) -> Any:
            return await saboteur.execute(connection, *statement, **options)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(psycopg.AsyncConnection, "execute", execute)
            try:
                self.runner.run(work)
            except WorkerDied:
                return


async def test_rows_and_files_are_what_they_must_be_after_any_sequence(
    databases: PostgresDatabases, home: Home, postgres_server: PostgresServer
) -> None:
    assert await databases.has_base(BASE)

    class Here(Instance):
        pass

    Here.home, Here.server = home, postgres_server
    few = settings(
        max_examples=5,
        stateful_step_count=15,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(run_state_machine_as_test, Here, settings=few)
