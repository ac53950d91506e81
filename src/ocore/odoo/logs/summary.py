"""The summary of a deployment's log, made in one pass and in bounded memory."""

import copy
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ocore.odoo.logs.categories import categorise
from ocore.odoo.logs.markers import step_of
from ocore.odoo.logs.masking import masked
from ocore.odoo.logs.progress import Section, Sections, Updates, plain_progress
from ocore.odoo.logs.reader import (
    Blocks,
    Record,
    first_time,
    last_time,
    parse_line,
    plain,
)

_TELLING: Final = (
    b"WARNING",
    b"ERROR",
    b"CRITICAL",
    b"=== ",
    b"Odoo version ",
)
"""Only lines that contain one of these are looked at; bytes.find passes the rest by."""

_OF_PROGRESS: Final = (b"oading module ", b" loaded in ", b" modules...")
_NOT_PLAIN: Final = (b"\x1b", b'"levelname"')
"""In colours or as JSON: then lines that tell of progress are looked at one by one, too."""

_MOST_GROUPS: Final = 1_000
_LONGEST_RAW_MESSAGE: Final = 2_000
_FURTHER: Final = ("", "further warnings of other kinds")


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningGroup:
    """Warnings that differ only in ids, paths and numbers."""

    category: str
    count: int
    logger: str
    message: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSummary:
    """What a log says. None is said where the log is silent.

    `error_count` counts records of level ERROR and CRITICAL, `warning_count` those of level
    WARNING, which are all in `warning_groups`, largest first.
    """

    duration_ms: int | None
    error_count: int
    odoo_version: str | None
    sections: tuple[Section, ...]
    success: bool | None
    total_modules: int | None
    updated_modules: tuple[str, ...]
    warning_count: int
    warning_groups: tuple[WarningGroup, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "durationMs": self.duration_ms,
            "errorCount": self.error_count,
            "odooVersion": self.odoo_version,
            "sections": [each.as_json() for each in self.sections],
            "success": self.success,
            "totalModules": self.total_modules,
            "updatedModules": list(self.updated_modules),
            "warningCount": self.warning_count,
            "warningGroups": [
                {
                    "category": each.category,
                    "count": each.count,
                    "logger": each.logger,
                    "message": each.message,
                    "severity": each.severity,
                }
                for each in self.warning_groups
            ],
        }


class Summariser:
    """Reads a log chunk by chunk, cut anywhere; lines count from 1 over everything fed.

    `steps` are the names that may begin a section (empty: any), so that what a module prints
    cannot pass for a step. Modules are listed from `update_step`, or from all of a log that has
    no steps: another step may install modules too, into a database that is not the instance's.
    """

    def __init__(self, *, steps: Collection[str] = (), update_step: str = "Update modules") -> None:
        self._steps = frozenset(steps)
        self._blocks = Blocks()
        self._lines = 0
        self._first: str | None = None
        self._last: str | None = None
        self._odoo_version: str | None = None
        self._errors = 0
        self._warnings: dict[tuple[str, str], int] = {}
        self._sections = Sections()
        self._updates = Updates(update_step)

    def feed(self, chunk: bytes) -> None:
        for block in self._blocks.of(chunk):
            self._read(block)

    def so_far(self, *, success: bool | None, duration_ms: int | None = None) -> LogSummary:
        """Return the summary of what was fed until now; more may be fed afterwards."""
        return copy.deepcopy(self).finish(success=success, duration_ms=duration_ms)

    def finish(self, *, success: bool | None, duration_ms: int | None = None) -> LogSummary:
        """Return the summary. Without `duration_ms` it is the time between first and last record.

        The log cannot know how the deployment ended, so the caller says. Nothing can be fed
        after this.
        """
        self._read(self._blocks.rest())
        return LogSummary(
            duration_ms=_milliseconds(self._first, self._last)
            if duration_ms is None
            else duration_ms,
            error_count=self._errors,
            odoo_version=self._odoo_version,
            sections=(*self._sections.until(self._lines), *self._updates.until(self._lines)),
            success=success,
            total_modules=self._updates.total,
            updated_modules=tuple(self._updates.done),
            warning_count=sum(self._warnings.values()),
            warning_groups=_groups(self._warnings),
        )

    def _read(self, block: bytes) -> None:
        if not block:
            return
        counted = 0
        for start, found in sorted(_telling_lines(block).items()):
            self._lines += block.count(b"\n", counted, start)
            counted = start
            if isinstance(found, int):
                self._look(block[start:found], self._lines + 1)
            else:
                self._updates.note_plain(found, self._lines + 1)
        self._lines += block.count(b"\n", counted) + (not block.endswith(b"\n"))
        self._first = self._first or first_time(block)
        self._last = last_time(block) or self._last

    def _look(self, line: bytes, number: int) -> None:
        if line.startswith(b"==="):
            step = step_of(plain(line))
            if step and (not self._steps or step in self._steps):
                self._sections.begin(step, number)
                self._updates.enter(step, number)
            return
        record = parse_line(line)
        if record is not None:
            self._count(record)
            self._updates.note(record, number)

    def _count(self, record: Record) -> None:
        if record.is_error:
            self._errors += 1
        elif record.level == "WARNING":
            key = (record.logger, masked(record.message[:_LONGEST_RAW_MESSAGE]))
            if key not in self._warnings and len(self._warnings) >= _MOST_GROUPS:
                key = _FURTHER
            self._warnings[key] = self._warnings.get(key, 0) + 1
        else:
            self._odoo_version = record.odoo_version or self._odoo_version


def _telling_lines(block: bytes) -> dict[int, int | re.Match[bytes]]:
    """Return the begin of each line worth a look, with its end, or with the progress it tells."""
    found: dict[int, int | re.Match[bytes]] = {}
    plain_only = not any(sign in block for sign in _NOT_PLAIN)
    for word in _TELLING if plain_only else (*_TELLING, *_OF_PROGRESS):
        at = block.find(word)
        while at >= 0:
            start = block.rfind(b"\n", 0, at) + 1
            end = block.find(b"\n", at)
            end = len(block) if end < 0 else end
            found[start] = end
            at = block.find(word, end)
    found.update(plain_progress(block))
    return found


def _groups(warnings: dict[tuple[str, str], int]) -> tuple[WarningGroup, ...]:
    groups = []
    for (logger, message), count in sorted(warnings.items(), key=lambda item: (-item[1], item[0])):
        category, severity = categorise(logger, message)
        groups.append(
            WarningGroup(
                category=category, count=count, logger=logger, message=message, severity=severity
            )
        )
    return tuple(groups)


def _milliseconds(first: str | None, last: str | None) -> int | None:
    if first is None or last is None:
        return None
    try:
        begin, end = (datetime.fromisoformat(each.replace(",", ".")) for each in (first, last))
    except ValueError:
        return None
    return max(0, round((end - begin).total_seconds() * 1000))
