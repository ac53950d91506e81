"""Python tracebacks, read back from the lines of a log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ocore.odoo.logs.markers import step_of
from ocore.odoo.logs.reader import parse_line

_BEGIN: Final = "Traceback (most recent call last):"
_BETWEEN: Final = ("During handling of the above", "The above exception was the direct cause")
_FRAME: Final = re.compile(r'\s+File "(?P<file>[^"]*)", line (?P<line>\d+)(?:, in (?P<where>.*))?')
_RAISED: Final = re.compile(r"(?P<kind>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?")
_MOST_LINES, _LONGEST_MESSAGE = 200, 10_000
_NOT_FAILED: Final = frozenset({"WARNING", "DEBUG"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One line of code that was being run. Without `function` it is where a file does not parse."""

    file: str
    line: int
    function: str | None
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception of a chain. `kind` is its type with its module; `message` may have lines."""

    kind: str
    message: str
    frames: tuple[Frame, ...]

    @property
    def text(self) -> str:
        return f"{self.kind}: {self.message}" if self.message else self.kind


@dataclass(slots=True)
class _Pending:
    """An exception of which not all lines were read."""

    kind: str = ""
    message: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    def raised(self) -> Raised:
        return Raised(
            kind=self.kind,
            message="\n".join(self.message)[:_LONGEST_MESSAGE].strip(),
            frames=tuple(self.frames),
        )


def last_traceback(lines: Sequence[str]) -> tuple[Raised, ...]:
    """Return the last chain of exceptions that was no mere warning, the first cause first."""
    found: list[str] = []
    current: list[str] | None = None
    level = "INFO"
    for line in lines:
        if _ends_traceback(line):
            record = parse_line(line.encode(errors="replace"))
            level, current = (record.level if record else "INFO"), None
        elif current is not None:
            current.append(line)
        elif line.strip() == _BEGIN and level not in _NOT_FAILED:
            current = found = [line]
    return chain_of(found)


def chain_of(lines: Sequence[str]) -> tuple[Raised, ...]:
    """Return the exceptions in the lines of one traceback."""
    chain: list[_Pending] = []
    for line in lines:
        if line.strip() == _BEGIN:
            chain.append(_Pending())
        elif chain and not line.startswith(_BETWEEN):
            _add(chain[-1], line)
    return tuple(pending.raised() for pending in chain if pending.kind)


def _ends_traceback(line: str) -> bool:
    raw = line.encode(errors="replace")
    return parse_line(raw) is not None or step_of(raw) is not None


def _add(pending: _Pending, line: str) -> None:
    if pending.kind:
        if len(pending.message) < _MOST_LINES:
            pending.message.append(line[:_LONGEST_MESSAGE])
    elif frame := _FRAME.match(line):
        pending.frames.append(
            Frame(file=frame["file"], line=int(frame["line"][:9]), function=frame["where"], code="")
        )
    elif line[:1].isspace():
        _add_code(pending, line.strip())
    elif raised := _RAISED.fullmatch(line.rstrip()):
        pending.kind = raised["kind"]
        pending.message.append(raised["message"] or "")


def _add_code(pending: _Pending, code: str) -> None:
    if pending.frames and not pending.frames[-1].code and code.strip("^~ "):
        last = pending.frames[-1]
        pending.frames[-1] = Frame(
            file=last.file, line=last.line, function=last.function, code=code
        )
