"""One failure of the corpus: how it is caused, and the log it left."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

LOGS = Path(__file__).parent / "logs"
ROOT = "/srv/library/addons"
"""Where the modules of every log lie; the real paths are replaced by it."""

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Log:
    """What a program wrote, and how it ended. `facts` say how it was made."""

    lines: tuple[str, ...]
    exit_code: int | None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Case(Generic[S]):
    """A failure that can be caused at any time on a stage `S`. `how` stands in the log's header."""

    name: str
    how: str
    cause: Callable[[S], Awaitable[Log]]


def write_log(name: str, log: Log) -> None:
    """Keep a log with a header that says how it was made."""
    facts = {**log.facts, "exit code": "none" if log.exit_code is None else str(log.exit_code)}
    header = [f"# {key}: {value}" for key, value in facts.items()]
    (LOGS / f"{name}.log").write_text("\n".join([*header, "", *log.lines, ""]))


def read_log(name: str) -> Log:
    header, _, text = (LOGS / f"{name}.log").read_text(errors="replace").partition("\n\n")
    facts = dict(line.removeprefix("# ").split(": ", 1) for line in header.splitlines())
    code = facts.pop("exit code")
    exit_code = None if code == "none" else int(code)
    return Log(lines=tuple(text.splitlines()), exit_code=exit_code, facts=facts)


def names() -> list[str]:
    return sorted(path.stem for path in LOGS.glob("*.log"))
