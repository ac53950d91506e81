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
class Lookout:
    """What a step may look at that changes nothing: enough to say what a deployment would do.

    `now` tells the time, and `say` writes a line of the deployment's log.
    """

    source: Source
    databases: Databases
    gates: Gates
    say: Say
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox(Lookout):
    """The outside world, one port per concern.

    `wait` sleeps for seconds, and `flush` makes durable what was said. `health_seconds` is how
    long a new colour may take to answer, and `verify_seconds` how long its log is watched after
    the switch.
    """

    images: Images
    snapshots: Snapshots
    runtime: Runtime
    crons: Crons
    watch: Watch
    proxy: Proxy
    flush: Callable[[], Awaitable[None]]
    wait: Callable[[float], Awaitable[None]]
    health_seconds: float = 120.0
    verify_seconds: float = 3.0
