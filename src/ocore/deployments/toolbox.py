"""Everything a step may touch."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from ocore.artifacts import Endpoint, Say
from ocore.assets import Assets
from ocore.databases import Databases
from ocore.environments import Instance
from ocore.gates import Gates
from ocore.images import Images
from ocore.proxy import Proxy
from ocore.rehearsals import Rehearsals
from ocore.runtime import Crons, Runtime, Watch
from ocore.snapshots import Room, Snapshots
from ocore.snapshots.records import SnapshotSettings
from ocore.source import Source


async def default_settings(_instance: Instance) -> SnapshotSettings:
    """Return what an environment wants of its snapshots until somebody says otherwise."""
    return SnapshotSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """What a step may look at that changes nothing: enough to say what a deployment would do.

    `now` tells the time, and `say` writes a line of the deployment's log. `room` measures what a
    snapshot of an instance would take, and what is free. `lost_files` names the files that an
    instance has lost.
    """

    source: Source
    databases: Databases
    gates: Gates
    room: Callable[[Instance], Awaitable[Room]]
    lost_files: Callable[[Instance], Awaitable[tuple[str, ...]]]
    say: Say
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox(Lookout):
    """The outside world, one port per concern.

    `wait` sleeps for seconds, and `flush` makes durable what was said. `warm_up` lets a colour that
    nobody uses yet have the pauses that it has once. `health_seconds` is how long a new colour may
    take to answer, and `verify_seconds` how long its log is watched after the switch.
    `hold_seconds` is how long the proxy holds requests before users see a maintenance page.
    `waiver_seconds` is how long a deployment waits for somebody to accept a failed check.
    `snapshot_settings` tells what an environment wants of its snapshots.
    """

    images: Images
    snapshots: Snapshots
    rehearsals: Rehearsals
    runtime: Runtime
    crons: Crons
    watch: Watch
    assets: Assets
    proxy: Proxy
    warm_up: Callable[[Instance, Endpoint], Awaitable[None]]
    flush: Callable[[], Awaitable[None]]
    wait: Callable[[float], Awaitable[None]]
    snapshot_settings: Callable[[Instance], Awaitable[SnapshotSettings]] = default_settings
    health_seconds: float = 120.0
    verify_seconds: float = 3.0
    hold_seconds: float = 30.0
    waiver_seconds: float = 86_400.0
