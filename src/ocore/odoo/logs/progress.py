"""Where a log begins and ends its steps and modules."""

import re
from dataclasses import dataclass, field
from typing import Final

from ocore.odoo.logs.reader import Record

_LOGGER: Final = "odoo.modules.loading"
_BEGINS: Final = re.compile(r"Loading module (\S+) \(\d+/\d+\)")
_ENDS: Final = re.compile(r"Module (\S+) loaded in ")
_TOTAL: Final = re.compile(r"loading (\d{1,9}) modules\.\.\.")
_ALL_LOADED: Final = re.compile(r"\d+ modules loaded in ")
_PLAIN: Final = re.compile(
    rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ INFO \S+ odoo\.modules\.loading: "
    rb"(?:Loading module (?P<begun>\S+) \(\d+/\d+\)|Module (?P<ended>\S+) loaded in "
    rb"|loading (?P<total>\d{1,9}) modules\.\.\.|(?P<all>\d+ modules loaded in ))"
)
"""The same, as almost every log has it: without colours, and not as JSON."""
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

    def note_plain(self, text: bytes, line: int) -> bool:
        """Note a plain line of the log; False when it is another kind of line."""
        match = _PLAIN.match(text)
        if match is None:
            return False
        if self._watching:
            kind = match.lastgroup or ""
            self._note(kind, match[kind].decode(errors="replace"), line)
        return True

    def note(self, record: Record, line: int) -> None:
        # Modules that are only loaded are logged too, at level DEBUG.
        if not self._watching or record.logger != _LOGGER or record.level != "INFO":
            return
        if match := _BEGINS.match(record.message):
            self._note("begun", match[1], line)
        elif match := _ENDS.match(record.message):
            self._note("ended", match[1], line)
        elif match := _TOTAL.match(record.message):
            self._note("total", match[1], line)
        elif _ALL_LOADED.match(record.message):
            self._note("all", "", line)

    def _note(self, kind: str, word: str, line: int) -> None:
        match kind:
            case "begun":
                self._sections.begin(f"Module {word}", line)
            case "ended":
                self._sections.end(line)
                if len(self.done) < _MOST:
                    self.done[word] = None
            case "total":
                self.total = max(self.total or 0, int(word))
            case _:
                self._sections.end(line - 1)

    def until(self, line: int) -> tuple[Section, ...]:
        """Return one section for each module at work; the last may reach to this line."""
        return self._sections.until(line)
