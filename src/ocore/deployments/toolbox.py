"""Everything a step may touch."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from ocore.artifacts import Say
from ocore.databases import Databases
from ocore.gates import Gates
from ocore.images import Images
from ocore.proxy import Proxy
from ocore.runtime import Crons, Runtime, Watch
from ocore.snapshots import Snapshots
from ocore.source import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The outside world, one port per concern.

    `now` tells the time and `wait` sleeps for seconds. `say` writes a line of the deployment's log
    and `flush` makes what was said durable. `health_seconds` is how long a new colour may take to
    answer, and `verify_seconds` how long its log is watched after the switch.
    """

    source: Source
    gates: Gates
    images: Images
    databases: Databases
    snapshots: Snapshots
    runtime: Runtime
    crons: Crons
    watch: Watch
    proxy: Proxy
    say: Say
    flush: Callable[[], Awaitable[None]]
    now: Callable[[], datetime]
    wait: Callable[[float], Awaitable[None]]
    health_seconds: float = 120.0
    verify_seconds: float = 3.0
