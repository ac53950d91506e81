"""Everything a step may touch."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from ocore.artifacts import Say
from ocore.databases import Databases
from ocore.environments import Instance
from ocore.images import Images
from ocore.proxy import Proxy
from ocore.rehearsals import Rehearsals
from ocore.runtime import Crons, Runtime, Watch
from ocore.snapshots import Shelf, Snapshots
from ocore.snapshots.records import SnapshotSettings
from ocore.source import Source


async def default_settings(_instance: Instance) -> SnapshotSettings:
    """Return what an environment wants of its snapshots until somebody says otherwise."""
    return SnapshotSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The outside world, one port per concern.

    `now` tells the time and `wait` sleeps for seconds. `say` writes a line of the deployment's log
    and `flush` makes what was said durable. `health_seconds` is how long a new colour may take to
    answer, and `verify_seconds` how long its log is watched after the switch. `hold_seconds` is how
    long the proxy holds requests before users see a maintenance page. `snapshot_settings` tells
    what an environment wants of its snapshots.
    """

    source: Source
    images: Images
    databases: Databases
    snapshots: Snapshots
    rehearsals: Rehearsals
    shelf: Shelf
    runtime: Runtime
    crons: Crons
    watch: Watch
    proxy: Proxy
    say: Say
    flush: Callable[[], Awaitable[None]]
    now: Callable[[], datetime]
    wait: Callable[[float], Awaitable[None]]
    snapshot_settings: Callable[[Instance], Awaitable[SnapshotSettings]] = default_settings
    health_seconds: float = 120.0
    verify_seconds: float = 3.0
    hold_seconds: float = 30.0
