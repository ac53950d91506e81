"""What supervisord says of the programs it keeps running."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The states of supervisord (its manual, "Process States")."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    BACKOFF = "BACKOFF"
    STOPPING = "STOPPING"
    EXITED = "EXITED"
    FATAL = "FATAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramState:
    """What a program does now.

    `exit_status` is known in EXITED only, which does not last: -1 when a signal ended it.
    `trouble` says why it does not run, as far as supervisord knows; its log knows more.
    FATAL means that the supervisor has given up; the next `ensure` starts it again.
    """

    state: State
    pid: int | None
    exit_status: int | None
    uptime_seconds: int
    trouble: str


def state_from(found: dict[str, Any]) -> ProgramState:
    """Return what supervisord says of a program (`getProcessInfo`)."""
    state = State(found["statename"])
    return ProgramState(
        state=state,
        pid=found["pid"] or None,
        exit_status=found["exitstatus"] if state is State.EXITED else None,
        uptime_seconds=found["now"] - found["start"] if state is State.RUNNING else 0,
        trouble=found["spawnerr"],
    )
