"""Any sequence of work, good and bad commits, ways back and crashes on a whole instance of Odoo.

What must be there is a model of a few values (`expected`). After each step the real thing is
compared with it: rows and attachments as Odoo gives them out, the code that serves, what was
written down, the databases and the processes.

`OCORE_SEQUENCES` says how many sequences are tried, `OCORE_STEPS` how long they are, and
`OCORE_SEED` which ones.
"""

import asyncio
import base64
import os
import signal
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ocore.cli.client import ApiProblem
from ocore.demo.repository import build_repository
from tests.integration import whole
from tests.integration.expected import Expected, Kind, Release, Success
from tests.integration.platform import Platform, Site
from tests.integration.repository import release
from tests.integration.test_crashes import worker_pid
from tests.integration.test_postgres_dies import patiently
from tests.integration.whole import Crash, Written, eventually

SEQUENCES: Final = int(os.environ.get("OCORE_SEQUENCES", "1"))
STEPS: Final = int(os.environ.get("OCORE_STEPS", "9"))
SEED: Final = int(os.environ.get("OCORE_SEED", "49"))
"""Chosen for its nine steps: both ways back, a migration that fails, and crashes among them."""

T = TypeVar("T")
_CRASHES: Final = st.none() | st.builds(
    Crash,
    victim=st.sampled_from(["worker", "worker", "worker", "postgres"]),
    step=st.integers(1, 11),
    after=st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5]),
)
PLACES: Final = st.integers(0, 9)


@dataclass(frozen=True)
class Meanwhile:
    """What happens while a deployment is under way: a crash, and somebody who writes on."""

    crash: Crash | None = None
    busy: bool = False

    @property
    def records_lost(self) -> bool:
        """Without its records a step cannot know whether it was done, and may fail for that."""
        return self.crash is not None and self.crash.victim == "postgres"


MEANWHILE: Final = st.builds(Meanwhile, crash=_CRASHES, busy=st.booleans())
_NUMBERS: Final = count(1)


class Change(StrEnum):
    """What people do with the data."""

    LEND = "lend"
    TAKE_BACK = "take back"
    ATTACH = "attach"
    DETACH = "detach"


def name_of(row: str) -> str:
    """Return what a row was written as, without the marks of updates."""
    return row.partition("+")[0]


class Instance(RuleBasedStateMachine):
    """One instance on a platform; `expected` is what it must hold."""

    platform: Platform
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.name = f"{self.folder.name}-{next(_NUMBERS)}"
        self.repository = self.folder / self.name
        self.expected = Expected()
        self.numbers = count(1)
        self.written, self.busy, self.went_back = Written(), set[str](), False

    @initialize(wanted=st.booleans())
    def install(self, *, wanted: bool) -> None:
        # Hypothesis begins with the simplest sequence there is, the same change again and again.
        assume(wanted)
        self._run(build_repository(self.repository))
        self.site = self._run(Site.make(self.platform, self.repository, self.name))
        self._deploy(self._committed(Kind.UPDATE), kind=Kind.UPDATE, meanwhile=Meanwhile())

    @rule(what=st.sampled_from(Change), content=st.binary(min_size=1, max_size=20))
    def change_data(self, what: Change, content: bytes) -> None:
        """Do that; where there is nothing to take away, bring something first."""
        rows, files = self.expected.data.rows, self.expected.data.files
        if what is Change.LEND or (what is Change.TAKE_BACK and not rows):
            self._lend(f"reader {next(self.numbers)}")
        elif what is Change.TAKE_BACK:
            self._take_the_first_back()
        elif what is Change.ATTACH or not files:
            self._attach(f"kept {next(self.numbers)}", content)
        else:
            self._detach_and_collect_garbage(min(files))

    @rule(kind=st.sampled_from(Kind), meanwhile=MEANWHILE)
    def deploy_a_new_commit(self, kind: Kind, meanwhile: Meanwhile) -> None:
        self._deploy(self._committed(kind), kind=kind, meanwhile=meanwhile)

    @rule(place=PLACES, meanwhile=MEANWHILE)
    def deploy_an_earlier_commit(self, place: int, meanwhile: Meanwhile) -> None:
        known = self.expected.successes
        self._deploy(known[place % len(known)].release, kind=Kind.CODE, meanwhile=meanwhile)

    @rule(place=PLACES, data=st.booleans(), meanwhile=MEANWHILE)
    def roll_back(self, place: int, *, data: bool, meanwhile: Meanwhile) -> None:
        targets = self.expected.targets
        if not targets:
            self._refused(self.expected.successes[-1], "not_a_rollback_target")
            return
        target = targets[place % len(targets)]
        if data or self.expected.allows_code_only(target):
            self._roll_back(target, data=data, meanwhile=meanwhile)
        else:
            self._refused(target, "code_only_unsafe")

    @invariant()
    def it_is_whole(self) -> None:
        if self.expected.successes:
            self._run(self._whole())

    def teardown(self) -> None:
        with self.runner:
            if not self.expected.successes:
                return
            try:
                self._run(self._nothing_is_left())
            finally:
                self._run(self.site.retire())

    async def _whole(self) -> None:
        site, expected = self.site, self.expected
        self._compare(await patiently(partial(whole.rows, site)))
        assert await patiently(partial(whole.files, site)) == expected.data.files
        assert await whole.served_mark(site) == expected.live.mark
        assert await whole.wrong_databases(self.platform, site) == []
        async with self.platform.client() as client:
            record = await client.get(f"/instances/{site.instance['id']}")
        assert record["status"] == "running"
        assert record["activeDeploymentId"] == expected.successes[-1].deployment_id
        processes = partial(whole.wrong_processes, self.platform, site, record["activeColor"])
        await eventually(processes)

    def _compare(self, found: tuple[str, ...]) -> None:
        """What was written during a deployment came before or after the moment that counts."""
        before = self.expected.data.rows
        self.busy |= set(self.written.tried)
        names = [name_of(row) for row in found]
        assert [row for row in found if name_of(row) not in self.busy] == [
            row for row in before if name_of(row) not in self.busy
        ]
        assert len(set(names)) == len(names), "nothing is written twice"
        assert set(self.written.told) <= set(names), "what Odoo said it wrote is there"
        assert self.written.tried or self.went_back or found == before
        self.written, self.went_back = Written(), False
        self._hold(rows=found)

    async def _nothing_is_left(self) -> None:
        """A worker that begins looks for what another left: so let one begin, once all is done."""
        await eventually(partial(whole.unproven_snapshots, self.site), seconds=180)
        os.kill(await worker_pid(self.platform), signal.SIGKILL)
        await eventually(partial(whole.unknown_copies, self.platform, self.site), seconds=180)

    def _lend(self, borrower: str) -> None:
        book = self._ask("library.book", "search", [], limit=1)[0]
        self._ask("library.loan", "create", [{"book_id": book, "borrower": borrower}])
        self._hold(rows=(*self.expected.data.rows, borrower))

    def _take_the_first_back(self) -> None:
        first = self._ask("library.loan", "search", [], order="id", limit=1)
        self._ask("library.loan", "unlink", first)
        self._hold(rows=self.expected.data.rows[1:])

    def _attach(self, name: str, content: bytes) -> None:
        values = {"name": name, "datas": base64.b64encode(content).decode()}
        self._ask("ir.attachment", "create", [values])
        self._hold(files={**self.expected.data.files, name: content})

    def _detach_and_collect_garbage(self, name: str) -> None:
        found = self._ask("ir.attachment", "search", [("name", "=", name)])
        self._ask("ir.attachment", "unlink", found)
        self._run(whole.collect_garbage(self.site))
        kept = {key: value for key, value in self.expected.data.files.items() if key != name}
        self._hold(files=kept)

    def _refused(self, target: Success, code: str) -> None:
        with pytest.raises(ApiProblem) as refused:
            self._run(self.site.start_rollback(target.deployment_id, mode="code_only"))
        assert refused.value.code == code

    def _deploy(self, wanted: Release, *, kind: Kind, meanwhile: Meanwhile) -> None:
        started = self._run(self.site.start(commitSha=wanted.sha))
        if self._succeeded(started, kind=kind, meanwhile=meanwhile):
            self.expected = self.expected.deployed(started["id"], wanted)

    def _roll_back(self, target: Success, *, data: bool, meanwhile: Meanwhile) -> None:
        mode = "code_and_data" if data else "code_only"
        started = self._run(self.site.start_rollback(target.deployment_id, mode=mode))
        if self._succeeded(started, kind=Kind.CODE, meanwhile=meanwhile):
            self.expected = self.expected.rolled_back(started["id"], target, data=data)
            self.went_back = data
            if data:
                self.written.told.clear()

    def _succeeded(self, started: dict[str, Any], *, kind: Kind, meanwhile: Meanwhile) -> bool:
        """Wait for the end, and say whether it is a success; that it must be has been seen to."""
        ended = self._run(self._ended(started, meanwhile))
        good = {"succeeded"} if kind.good else {"rolled_back"}
        also = {"failed", "rolled_back"} if meanwhile.records_lost else set()
        assert ended["status"] in good | also, self._run(self.site.log(ended))
        whole.assert_recorded(ended, cause="" if meanwhile.records_lost else kind.cause)
        return bool(ended["status"] == "succeeded")

    async def _ended(self, started: dict[str, Any], meanwhile: Meanwhile) -> dict[str, Any]:
        """Wait for the end of a deployment, with all that happens meanwhile."""
        async with AsyncExitStack() as stack:
            if meanwhile.busy:
                name = f"busy {next(self.numbers)}"
                self.written = await stack.enter_async_context(whole.writing(self.site, name))
            if meanwhile.crash is not None:
                await whole.struck(self.site, started, meanwhile.crash)
            return await patiently(partial(self.site.end_of, started))

    def _committed(self, kind: Kind) -> Release:
        base = self.expected.live if self.expected.successes else None
        return release(self.repository, base, kind, next(self.numbers))

    def _ask(self, *question: Any, **more: Any) -> Any:
        async def ask() -> Any:
            return await (await self.site.odoo()).call(*question, **more)

        return self._run(ask())

    def _hold(self, **changes: Any) -> None:
        self.expected = replace(self.expected, data=replace(self.expected.data, **changes))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


async def test_an_instance_is_what_it_must_be_after_any_sequence(
    platform: Platform, tmp_path: Path
) -> None:
    @seed(SEED)
    class Here(Instance):
        pass

    Here.platform, Here.folder = platform, tmp_path
    few = settings(
        max_examples=SEQUENCES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        # A sequence takes a minute: to look for a shorter one that fails would take hours.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    # Hypothesis is fond of the shortest sequence of all: install, and nothing more.
    run = partial(run_state_machine_as_test, Here, settings=few, _min_steps=STEPS - 1)
    await asyncio.to_thread(run)
