"""A world small enough to compare: doubles of every port a step may touch, and of the ledger.

The real ports have their own tests on real parts; here the question is what the pipeline does
when power goes at any line, and thousands of runs must fit into a second.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from ocore.artifacts import Colour, Commit, Endpoint, Image, Say, Snapshot
from ocore.deployments.ledger import Ending, Lease
from ocore.deployments.model import Deployment, Entry, RollbackTarget, Status, Trigger
from ocore.deployments.pipeline import Hold
from ocore.deployments.toolbox import Toolbox
from ocore.deployments.verdict import waiting_message
from ocore.environments import Instance, Live, Project, Repository
from ocore.errors import LeaseLost, StepFailed
from ocore.gates import GateRun, Order, Report
from ocore.gates.catalog import found
from ocore.gates.findings import FindingClass, Gate
from ocore.gates.profiles import VALIDATED
from ocore.images import BuildOrder
from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.crons import Cron
from ocore.odoo.schema import Schema
from ocore.proxy import ProxyAway
from ocore.rehearsals import Portrait
from ocore.runtime import ModuleChange, Probe, ScheduledAction
from ocore.snapshots import Room, TableLoss
from ocore.source import Checkout, Ref

NOW = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
SHA = "c0ffee" + "0" * 34
DEPLOYMENT = "01900000-0000-7000-8000-000000000001"

PROJECT = Project(
    id="01900000-0000-7000-8000-00000000000a",
    organization_id="01900000-0000-7000-8000-00000000000f",
    organization_slug="acme",
    name="Library",
    slug="library",
    repository=Repository(url="https://git.example/library.git"),
    odoo_version="19.0",
)
INSTANCE = Instance(
    id="01900000-0000-7000-8000-00000000000b",
    organization_id=PROJECT.organization_id,
    project_id=PROJECT.id,
    name="Library",
    slug="library",
    database="library_1",
    host="library.localhost",
)
LIVE = Live(
    deployment_id="01900000-0000-7000-8000-000000000000",
    commit_sha="01d" + "0" * 37,
    image="acme/library:old",
    colour=Colour.BLUE,
)
ROOM = Room(strategy="clone", database=0, needed=0, free=None)
DROPPED = found(FindingClass.SCHEMA_COLUMN_DROPPED, "loans: field due is gone", module="loans")
LOANS = Addon(name="loans", path="loans", version="19.0.1.0.0", checksum="new")


def deployment(*, previous: Live | None = LIVE) -> Deployment:
    return Deployment(
        id=DEPLOYMENT,
        project=PROJECT,
        instance=INSTANCE,
        trigger=Trigger.API,
        requested_by="ana",
        created_at=NOW,
        ref=Ref(branch="main"),
        previous=previous,
        status=Status.RUNNING,
        started_at=NOW,
    )


def rollback(*, source: Instance | None = None) -> Deployment:
    snapshot = snapshot_called("earlier")
    target = RollbackTarget(
        deployment_id="01900000-0000-7000-8000-0000000000dd",
        commit=Commit(sha=SHA, author="Ana", author_avatar=None, message="First"),
        image="acme/library:first",
        snapshot=snapshot,
        source=source,
    )
    return replace(deployment(), trigger=Trigger.ROLLBACK, target=target)


def snapshot_called(snapshot_id: str) -> Snapshot:
    return Snapshot(
        id=snapshot_id,
        strategy="template",
        location=snapshot_id,
        size_bytes=1,
        files=0,
        duration_ms=1,
        verified=True,
    )


class PowerCut(BaseException):
    """The machine died."""


@dataclass
class World:
    """One instance, seen from outside: what it holds, what runs, who gets the traffic.

    `breaks` names the calls that fail: "update", "health", "build", "snapshot", "proxy", "gates",
    "stop", of a rehearsal "copy", "neutralize", "tests", and the gates that find what blocks. With
    "proxy away" the proxy does as it is told and cannot say so while the new version runs. In a
    `deadly` one the update takes the machine down, every time. `stand_in` is what the copy of a
    rehearsal holds, None when there is none.
    `stubborn` are scheduled actions that never end by themselves.
    """

    breaks: frozenset[str] = frozenset()
    deadly: bool = False
    registry: str | None = None
    checksums: dict[str, str] = field(default_factory=dict)
    data: str = "rows"
    version: str = "19.0.0.9.0"
    snapshots: dict[str, str] = field(default_factory=lambda: {"earlier": "first rows"})
    running: dict[Colour, str] = field(default_factory=lambda: {Colour.BLUE: LIVE.image})
    crons: str | None = LIVE.image
    route: Colour | None = Colour.BLUE
    held: bool = False
    warm: Colour | None = None
    updates: int = 0
    stand_in: str | None = None
    stand_in_version: str = ""
    harmless: bool = False
    slowness: float = 0.0
    lost_files: tuple[str, ...] = ()
    stubborn: tuple[ScheduledAction, ...] = ()
    room: Room = ROOM
    rows: dict[str, int] = field(default_factory=dict)
    scheduled: tuple[Cron, ...] = ()
    log: list[str] = field(default_factory=list)
    clock: datetime = NOW

    def fail_if(self, name: str) -> None:
        if name in self.breaks:
            raise StepFailed(f"{name} broke")

    def seen(self) -> tuple[object, ...]:
        """Return what customers and operators could tell apart."""
        return self.data, dict(self.running), self.crons, self.route, self.held


@dataclass
class WorldSource:
    world: World

    async def pin(self, _project: Project, _ref: Ref, *, seconds: float) -> str | None:
        return SHA if seconds else None

    async def fetch(self, _project: Project, _ref: Ref, *, sha: str | None, say: Say) -> Commit:
        say(f"fetching {sha}")
        self.world.fail_if("fetch")
        return Commit(sha=SHA, author="Ana", author_avatar=None, message="Lend books\n\nmore")

    async def branch_head(self, _project: Project, _branch: str) -> str | None:
        return SHA

    async def checkout(self, _project: Project, _sha: str) -> Checkout:
        return Checkout(path="/checkout", addons=(LOANS,))

    async def changed_paths(
        self, _project: Project, _old: str, _new: str
    ) -> tuple[str, ...] | None:
        return ("loans/models.py",)


@dataclass
class WorldGates:
    """Checks nothing and passes everything; the real ones have tests of their own."""

    world: World

    async def run(self, order: Order, *, say: Say) -> tuple[GateRun, ...]:
        say(f"checking {len(order.tree.modules)} modules")
        return tuple(self._run(gate) for gate in VALIDATED)

    def _run(self, gate: Gate) -> GateRun:
        now = self.world.clock
        if gate in self.world.breaks:
            report = Report(summary="schema.column_dropped 1 times", findings=(DROPPED,))
            return GateRun(gate=gate, started_at=now, completed_at=now, report=report)
        if "gates" in self.world.breaks:
            return GateRun(gate=gate, started_at=now, completed_at=now, failure="no such program")
        passed = Report(summary="nothing found")
        return GateRun(gate=gate, started_at=now, completed_at=now, report=passed)


@dataclass
class WorldImages:
    world: World

    async def build(self, order: BuildOrder, *, say: Say) -> Image:
        say("building")
        self.world.fail_if("build")
        registry = self.world.registry
        tag = f"{order.repository_tag}:new"
        return Image(tag=tag, base="19.0-x", reused=False, registry=registry)

    async def push(self, image: Image, *, say: Say) -> str:
        say("pushing")
        self.world.fail_if("push")
        return f"{image.registry}/library@sha256:0"

    async def find(self, tag: str) -> Image | None:
        return Image(tag=tag, base="19.0-x", reused=True)


@dataclass
class WorldDatabases:
    world: World

    async def exists(self, _instance: Instance) -> bool:
        return True

    async def create(self, _instance: Instance, *, base: str) -> None:
        raise AssertionError(base)

    async def has_base(self, _base: str) -> bool:
        return True

    async def create_base(self, base: str) -> Instance:
        raise AssertionError(base)

    async def seal_base(self, base: str) -> None:
        raise AssertionError(base)

    async def modules(self, instance: Instance) -> tuple[InstalledModule, ...]:
        version = self.world.stand_in_version if instance.throwaway else self.world.version
        return (InstalledModule(name="loans", state="installed", version=version),)

    async def schema(self, _instance: Instance) -> Schema:
        columns = {"library_loan.borrower": "text"}
        new = {"library_loan.date_due": "date"} if "+new" in self.world.data else {}
        return Schema(columns={**columns, **new}, fields={}, views="")

    async def rows(self, _instance: Instance, tables: Sequence[str]) -> dict[str, int]:
        return {table: rows for table, rows in self.world.rows.items() if table in tables}

    async def crons(self, _instance: Instance) -> tuple[Cron, ...]:
        return self.world.scheduled

    async def checksums(self, _instance: Instance) -> dict[str, str]:
        return self.world.checksums

    async def remember_checksums(self, _instance: Instance, checksums: dict[str, str]) -> None:
        self.world.checksums = checksums


@dataclass
class WorldSnapshots:
    world: World

    async def ready(self, _instance: Instance, _snapshot_id: str) -> tuple[str, ...]:
        return self.world.lost_files

    async def take(self, _instance: Instance, snapshot_id: str) -> Snapshot:
        assert not self.world.running, "a snapshot needs a quiet database"
        assert self.world.crons is None, "a snapshot needs a quiet database"
        return self._keep(snapshot_id, self.world.data)

    async def take_online(self, _instance: Instance, snapshot_id: str) -> Snapshot:
        return self._keep(snapshot_id, self.world.data)

    async def copy(self, _instance: Instance, snapshot: Snapshot, copy_id: str) -> Snapshot:
        return self._keep(copy_id, self.world.snapshots[snapshot.id])

    async def revert(self, _instance: Instance, snapshot: Snapshot) -> None:
        assert not self.world.running, "nobody may be connected"
        if snapshot.id in self.world.snapshots:
            self.world.data = self.world.snapshots.pop(snapshot.id)
            self.world.version = "19.0.0.9.0"

    async def losses(
        self, _instance: Instance, _snapshot: Snapshot
    ) -> tuple[TableLoss, ...] | None:
        return (TableLoss(table="library_loan", rows=3, inserted=4, updated=2, deleted=1),)

    def _keep(self, snapshot_id: str, data: str) -> Snapshot:
        self.world.fail_if("snapshot")
        self.world.snapshots[snapshot_id] = data
        return snapshot_called(snapshot_id)


@dataclass
class WorldRehearsals:
    world: World

    async def prepare(self, instance: Instance) -> None:
        assert not instance.throwaway
        self.world.fail_if("copy")
        self.world.stand_in = self.world.data
        self.world.stand_in_version, self.world.harmless = self.world.version, False

    async def receive(self, instance: Instance, snapshot: Snapshot) -> None:
        assert not instance.throwaway
        self.world.fail_if("copy")
        self.world.stand_in, self.world.harmless = self.world.snapshots[snapshot.id], False

    async def hand_over(self, _instance: Instance, copy_id: str) -> Snapshot:
        assert self.world.harmless, "what could reach people is never put in place"
        assert self.world.stand_in is not None
        self.world.snapshots[copy_id] = f"harmless {self.world.stand_in}"
        self.world.stand_in = None
        return snapshot_called(copy_id)

    async def harmful(self, _instance: Instance) -> str | None:
        return None if self.world.harmless else "it is not marked as neutralized"

    async def portrait(self, _instance: Instance) -> Portrait:
        assert self.world.stand_in is not None
        columns = {"library_loan.id": "int4"}
        if "+new" in self.world.stand_in:
            columns["library_loan.rating"] = "int4"
        return Portrait(columns=columns, rows={"library_loan": 3})

    async def discard(self, _instance: Instance) -> None:
        self.world.stand_in = None


@dataclass
class WorldRoom:
    world: World

    async def room(self, _instance: Instance) -> Room:
        return self.world.room

    async def lost(self, _instance: Instance) -> tuple[str, ...]:
        return self.world.lost_files


@dataclass
class WorldRuntime:
    world: World

    async def update(
        self, instance: Instance, _image: Image, change: ModuleChange, *, say: Say
    ) -> None:
        if instance.throwaway:
            return self._try_out(change, say)
        assert not self.world.running, "the old code must not see the new schema"
        self.world.updates += 1
        self.world.data += "+half"
        say("module loans: creating or updating database tables")
        self.world.fail_if("update")
        if self.world.deadly:
            raise PowerCut
        self.world.data = self.world.data.replace("+half", "+new")
        self.world.version = LOANS.version
        return None

    def _try_out(self, change: ModuleChange, say: Say) -> None:
        world = self.world
        assert world.stand_in is not None
        assert world.harmless, "nothing may run on a copy that can still reach people"
        if change.test_tags:
            say(
                f"INFO x odoo.tests.result: {int('tests' in world.breaks)} failed, 0 error(s) of 4 "
                "tests when loading database 'x'"
            )
            world.fail_if("tests")
            return
        world.clock += timedelta(seconds=world.slowness)
        world.fail_if("rehearsal")
        world.stand_in, world.stand_in_version = "rows+new", LOANS.version
        world.harmless = False

    async def neutralize(self, instance: Instance, _image: Image, *, say: Say) -> None:
        assert instance.throwaway, "a live instance is never neutralized"
        say("neutralizing")
        self.world.harmless = "neutralize" not in self.world.breaks

    async def start(self, _instance: Instance, image: Image, colour: Colour) -> Endpoint:
        self.world.running[colour] = image.tag
        return endpoint_of(colour)

    async def stop(self, _instance: Instance, colour: Colour) -> None:
        assert self.world.held or self.world.route is not colour, (
            "somebody asks it this very moment"
        )
        if colour is Colour.BLUE:
            self.world.fail_if("stop")
        self.world.running.pop(colour, None)

    async def drain(self, _instance: Instance) -> None:
        self.world.running.clear()

    async def halt(self, instance: Instance) -> None:
        if instance.throwaway:
            return
        self.world.running.clear()
        self.world.crons = None


@dataclass
class WorldCrons:
    world: World

    async def start(self, _instance: Instance, image: Image) -> None:
        self.world.crons = image.tag

    async def stop(self, _instance: Instance, *, say: Say) -> tuple[ScheduledAction, ...]:
        if self.world.crons is None:
            return ()
        assert not self.world.held, "nobody waits for a page while an action ends"
        say("stopping crons")
        self.world.crons = None
        return self.world.stubborn


@dataclass
class WorldWatch:
    world: World

    async def probe(self, _instance: Instance, endpoint: Endpoint) -> tuple[Probe, ...]:
        sick = "health" in self.world.breaks and endpoint == endpoint_of(Colour.GREEN)
        answer = "500 Internal Server Error" if sick else "200"
        return (Probe(name="/web/login", passed=not sick, answer=answer),)

    async def log_tail(self, _instance: Instance, _colour: Colour, _lines: int) -> tuple[str, ...]:
        return ()


@dataclass
class WorldAssets:
    world: World

    async def bridge(
        self,
        _instance: Instance,
        endpoint: Endpoint,
        until_ready: Callable[[], Awaitable[None]],
        *,
        say: Say,
    ) -> int:
        await until_ready()
        assert self.world.route is not colour_at(endpoint), "the switch is made already"
        say("making bundles")
        return 3


@dataclass
class WorldProxy:
    world: World

    async def route(self, _instance: Instance, endpoint: Endpoint) -> None:
        if endpoint == endpoint_of(Colour.GREEN):
            self.world.fail_if("proxy")
        self.world.route, self.world.held = colour_at(endpoint), False
        self._answer()

    async def hold(self, _instance: Instance) -> None:
        self.world.held = True
        self._answer()

    def _answer(self) -> None:
        if "proxy away" in self.world.breaks and Colour.GREEN in self.world.running:
            raise ProxyAway("the proxy does not answer")

    async def remove(self, _instance: Instance) -> None:
        self.world.route, self.world.held = None, False


def endpoint_of(colour: Colour) -> Endpoint:
    port = 8001 if colour is Colour.BLUE else 8002
    return Endpoint(host="127.0.0.1", http_port=port, websocket_port=port)


def colour_at(endpoint: Endpoint) -> Colour:
    return Colour.BLUE if endpoint.http_port == 8001 else Colour.GREEN


def toolbox(world: World) -> Toolbox:
    async def wait(seconds: float) -> None:
        world.clock += timedelta(seconds=seconds)

    async def flush() -> None:
        return None

    async def warm_up(_instance: Instance, endpoint: Endpoint) -> None:
        assert world.route is not colour_at(endpoint), "users are on it already"
        world.warm = colour_at(endpoint)

    return Toolbox(
        source=WorldSource(world),
        gates=WorldGates(world),
        images=WorldImages(world),
        databases=WorldDatabases(world),
        snapshots=WorldSnapshots(world),
        rehearsals=WorldRehearsals(world),
        room=WorldRoom(world).room,
        lost_files=WorldRoom(world).lost,
        runtime=WorldRuntime(world),
        crons=WorldCrons(world),
        watch=WorldWatch(world),
        assets=WorldAssets(world),
        proxy=WorldProxy(world),
        warm_up=warm_up,
        say=world.log.append,
        flush=flush,
        now=lambda: world.clock,
        wait=wait,
    )


@dataclass
class WorldLedger:
    """A ledger in memory that can lose power before or after the n-th line is written."""

    deployment: Deployment
    term: int = 1
    cut_at: int = 0
    cut_after: bool = False
    cancel_before: int = 0
    lines: int = 0
    ending: Ending | None = None
    hold: Hold | None = None
    live: Live | None = None

    async def claim(self, worker: str) -> Lease:
        return Lease(deployment_id=self.deployment.id, worker=worker, term=self.term)

    async def load(self, lease: Lease) -> Deployment:
        self._check(lease)
        return self.deployment

    async def renew(self, lease: Lease) -> bool:
        self._check(lease)
        return self.deployment.cancel_requested

    async def append(self, lease: Lease, entry: Entry) -> Deployment:
        self._check(lease)
        self.lines += 1
        if self.lines == self.cut_at and not self.cut_after:
            raise PowerCut
        self.deployment = self.deployment.with_entry(entry)
        if self.lines == self.cut_at:
            raise PowerCut
        if self.lines == self.cancel_before:
            self.deployment = replace(self.deployment, cancel_requested=True)
        return self.deployment

    async def go_live(self, lease: Lease, entry: Entry, live: Live) -> Deployment:
        deployment = await self.append(lease, entry)
        self.live = live
        return deployment

    async def waive(self, lease: Lease, entry: Entry) -> Deployment:
        return await self.append(lease, entry)

    async def block(self, lease: Lease, decided: Deployment, hold: Hold) -> None:
        self._check(lease)
        assert decided == self.deployment, "nobody answers in between"
        self.hold = hold
        message = waiting_message(decided, hold)
        self.deployment = replace(decided, status=Status.BLOCKED, error_message=message)

    async def close(self, lease: Lease, ending: Ending) -> None:
        self._check(lease)
        self.ending = ending
        self.deployment = replace(
            self.deployment,
            status=ending.status,
            completed_at=NOW,
            error_message=ending.error_message,
        )

    def _check(self, lease: Lease) -> None:
        if lease.term != self.term:
            raise LeaseLost(f"term {lease.term} is over: it is {self.term}")
