"""Log lines of Odoo 14 to 19: with or without colours, broken bytes and all, or as JSON.

Nothing here raises, whatever the bytes are.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

LONGEST_LINE: Final = 1 << 16
"""Of a longer line only this many bytes are looked at."""

_WINDOW: Final = 1 << 18
_MOST_CONTINUATION: Final = 2_000
_ANSI: Final = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_TIME: Final = rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
_TIMESTAMP: Final = re.compile(rb"^(" + _TIME + rb") ", re.MULTILINE)
_HEADER: Final = re.compile(
    rb"(?P<time>" + _TIME + rb") (?P<pid>\d+) (?P<level>DEBUG|INFO|WARNING|ERROR|CRITICAL)"
    rb" (?P<database>\S+) (?P<logger>[^\s:]+): (?P<message>.*)"
)
_START: Final = "Odoo version "
_JSON_KEYS: Final = ("asctime", "levelname", "dbname", "name", "message")


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing that was logged. `continuation` are the lines after the first: a traceback."""

    time: str
    level: str
    database: str
    logger: str
    message: str
    continuation: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        return self.level in {"ERROR", "CRITICAL"}

    @property
    def odoo_version(self) -> str | None:
        """Return what an Odoo that starts says first of all: its version."""
        if self.logger != "odoo" or not self.message.startswith(_START):
            return None
        return self.message.removeprefix(_START)


class Blocks:
    """Cuts a stream of chunks into blocks of whole lines, in bounded memory."""

    def __init__(self) -> None:
        self._begun = b""

    def of(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what is complete by now; what comes after the last line end is kept."""
        for start in range(0, len(chunk), _WINDOW):
            piece = chunk[start : start + _WINDOW]
            cut = piece.rfind(b"\n") + 1
            if cut:
                yield self._begun + piece[:cut]
                self._begun = b""
            # Of an endless line its beginning will do.
            self._begun += piece[cut : cut + LONGEST_LINE - len(self._begun)]

    def rest(self) -> bytes:
        """Return the last line when the stream ended within it."""
        return self._begun


def plain(line: bytes) -> bytes:
    """Return the line without colours."""
    return _ANSI.sub(b"", line) if b"\x1b" in line else line


def parse_line(line: bytes) -> Record | None:
    """Return what a line says; None when it continues another, or is not Odoo's."""
    line = plain(line[:LONGEST_LINE])
    if line.startswith(b"{"):
        return _parse_json(line)
    match = _HEADER.match(line)
    if match is None:
        return None
    return Record(
        time=match["time"].decode(),
        level=match["level"].decode(),
        database=match["database"].decode(errors="replace"),
        logger=match["logger"].decode(errors="replace"),
        message=match["message"].decode(errors="replace").rstrip(),
    )


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Yield records with the lines that belong to them.

    Lines before the first record, such as what Python prints before logging is set up, are left
    out.
    """
    current: Record | None = None
    continuation: list[str] = []
    for line in lines:
        record = parse_line(line.encode(errors="replace"))
        if record is None:
            if len(continuation) < _MOST_CONTINUATION:
                continuation.append(line.rstrip())
            continue
        if current is not None:
            yield replace(current, continuation=tuple(continuation))
        current, continuation = record, []
    if current is not None:
        yield replace(current, continuation=tuple(continuation))


def starts_in(lines: Iterable[str]) -> int:
    """Return how often an Odoo started there."""
    return sum(record.odoo_version is not None for record in records(lines))


def first_time(block: bytes) -> str | None:
    """Return the time of the first record in a block of lines."""
    match = _TIMESTAMP.search(block)
    return match[1].decode() if match else None


def last_time(block: bytes, *, most_lines: int = 1_000) -> str | None:
    """Return the time of the last record among the last lines of a block."""
    end = len(block)
    for _ in range(most_lines):
        start = block.rfind(b"\n", 0, max(end - 1, 0)) + 1
        match = _TIMESTAMP.match(block, start)
        if match:
            return match[1].decode()
        if not start:
            return None
        end = start
    return None


def _parse_json(line: bytes) -> Record | None:
    """Read what `logging_json` writes instead of a line."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or "levelname" not in values:
        return None
    time, level, database, logger, message = (str(values.get(key, "?")) for key in _JSON_KEYS)
    trace = tuple(str(values.get("exc_info") or "").splitlines())
    return Record(
        time=time,
        level=level,
        database=database,
        logger=logger,
        message=message,
        continuation=trace,
    )
