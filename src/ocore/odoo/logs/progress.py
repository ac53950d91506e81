"""Where a log begins and ends its steps and modules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ocore.odoo.logs.reader import Record

_LOGGER: Final = "odoo.modules.loading"
_BEGUN, _ENDED, _TOTAL, _ALL = 1, 2, 3, 4
_KINDS: Final = {
    _BEGUN: re.compile(r"Loading module (\S+) \(\d+/\d+\)"),
    _ENDED: re.compile(r"Module (\S+) loaded in "),
    _TOTAL: re.compile(r"loading (\d{1,9}) modules\.\.\."),
    _ALL: re.compile(r"(\d+) modules loaded in "),
}
"""What the messages of the logger tell; the keys are the groups of _PLAIN as well."""
_HEAD: Final = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ INFO \S+ ")
_PLAIN: Final = re.compile(
    rb"odoo\.modules\.loading: (?:Loading module (\S+) \(\d+/\d+\)|Module (\S+) loaded in "
    rb"|loading (\d{1,9}) modules\.\.\.|(\d+) modules loaded in )"
)
"""The same, as almost every log has it: without colours, and not as JSON. It begins with its
logger, and not with the time, because a literal is found many times faster."""
_MOST: Final = 10_000
"""No log has more sections or modules than this; one that claims to is cut here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines that belong together, both ends included."""

    name: str
    start_line: int
    end_line: int

    def as_json(self) -> dict[str, object]:
        return {
            "endLine": self.end_line,
            "lineCount": self.end_line - self.start_line + 1,
            "name": self.name,
            "startLine": self.start_line,
        }


@dataclass(slots=True)
class Sections:
    """Sections one after the other, of which the last may be open. They never overlap."""

    _closed: list[Section] = field(default_factory=list)
    _open: tuple[str, int] | None = None

    def begin(self, name: str, line: int) -> None:
        """Open a section; the one before ends on the line before."""
        self.end(line - 1)
        self._open = (name, line)

    def end(self, line: int) -> None:
        """Close the open section with this line."""
        if self._open is not None and len(self._closed) < _MOST:
            name, start = self._open
            self._closed.append(Section(name=name, start_line=start, end_line=max(line, start)))
        self._open = None

    def until(self, line: int) -> tuple[Section, ...]:
        """Return all sections; the one that is open ends with this line."""
        self.end(line)
        return tuple(self._closed)


@dataclass(slots=True)
class Updates:
    """The modules that Odoo installs and updates, as the log tells it.

    `done` are those whose "loaded" line was seen, after which Odoo commits; `total` is the
    largest number of modules it said it loads.
    """

    update_step: str
    done: dict[str, None] = field(default_factory=dict)
    total: int | None = None
    _watching: bool = True
    _sections: Sections = field(default_factory=Sections)

    def enter(self, step: str, line: int) -> None:
        """Begin a step: whatever module was at work is no more."""
        self._sections.end(line - 1)
        self._watching = step == self.update_step

    def note_plain(self, told: re.Match[bytes], line: int) -> None:
        """Note what a plain line of the log tells."""
        if self._watching:
            kind = told.lastindex or _ALL
            self._note(kind, told[kind].decode(errors="replace"), line)

    def note(self, record: Record, line: int) -> None:
        # Modules that are only loaded are logged too, at level DEBUG.
        if not self._watching or record.logger != _LOGGER or record.level != "INFO":
            return
        for kind, pattern in _KINDS.items():
            if match := pattern.match(record.message):
                self._note(kind, match[1], line)
                return

    def _note(self, kind: int, word: str, line: int) -> None:
        if kind == _BEGUN:
            self._sections.begin(f"Module {word}", line)
        elif kind == _ENDED:
            self._sections.end(line)
            if len(self.done) < _MOST:
                self.done[word] = None
        elif kind == _TOTAL:
            self.total = max(self.total or 0, int(word))
        else:
            self._sections.end(line - 1)

    def until(self, line: int) -> tuple[Section, ...]:
        """Return one section for each module at work; the last may reach to this line."""
        return self._sections.until(line)


def plain_progress(block: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
    """Yield where each plain line begins that tells of progress, and what it tells."""
    for told in _PLAIN.finditer(block):
        start = block.rfind(b"\n", 0, told.start()) + 1
        if _HEAD.fullmatch(block, start, told.start()):
            yield start, told
