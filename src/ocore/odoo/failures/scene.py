"""What is known about a failure before it has a name: exceptions, messages, and the place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from ocore.odoo.failures.card import Where
from ocore.odoo.failures.signatures import suspicious
from ocore.odoo.failures.traces import Frame, Raised, last_traceback
from ocore.odoo.logs.reader import parse_line, plain, records

_NOT_OWN: Final = re.compile(
    r"/(site-packages|dist-packages|lib/python3[^/]*|odoo/addons|odoo/odoo)/"
    r"|/bin/odoo$|/odoo-bin$|^<|^src/|^$"
)
_INSIDE_MODULE: Final = frozenset(
    {
        "controllers",
        "data",
        "demo",
        "i18n",
        "migrations",
        "models",
        "report",
        "security",
        "static",
        "tests",
        "upgrades",
        "views",
        "wizard",
        "wizards",
    }
)
_MODULE_NAMED: Final = re.compile(r"\b[Mm]odule (\w+)(?: \(\d|:| loaded)")
_LOADING_FILE: Final = re.compile(r": loading (?P<file>(?P<module>\w+)/\S+)")
_LOADING_MODULE: Final = re.compile(r": Loading module (?P<module>\w+) \(")
_LOADED: Final = re.compile(r": (Module \w+|\d+ modules) loaded in ")
_PARSING: Final = re.compile(r"while parsing (?:file:(?=/))?(?P<file>/.+?):(?P<line>\d+)")
_CSV: Final = re.compile(r"file (?P<file>[\w.-]+/\S+) could not be processed")
_RECORD: Final = re.compile(r"<(?:record|template|menuitem)\s[^<>]*?\bid=\"(?P<id>[\w.-]+)\"")
_VIEW: Final = re.compile(r"'xmlid': '(?P<id>[\w.-]+)'|^ ?xmlid: (?P<older>[\w.-]+)", re.MULTILINE)
_ROW: Final = re.compile(r"(Failing row contains) \(.*", re.DOTALL)
_CREDENTIAL: Final = re.compile(r"(://)[^/\s@:]*(?::[^/\s@]*)?@")
_LOADS_DATA: Final = "odoo/tools/convert.py"
_EXCERPT_LINES, _EXCERPT_LENGTH = 14, 1_500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A failure as the log shows it.

    `chain` are the exceptions, the first cause first; `messages` is what else was said, the last
    first; `modules` are the names of modules that the log mentions; `at_work` is what Odoo was
    loading.
    """

    chain: tuple[Raised, ...]
    messages: tuple[str, ...]
    modules: frozenset[str]
    at_work: Where
    modules_root: str | None

    @property
    def texts(self) -> Iterator[str]:
        """Yield what signatures are compared with: exceptions if there are any, else messages."""
        if self.chain:
            yield from (raised.text for raised in self.chain)
        else:
            yield from self.messages


def survey(lines: Sequence[str], *, modules_root: str | None) -> Scene:
    """Return what these lines say of a failure."""
    clean = [plain(line.encode(errors="replace")).decode(errors="replace") for line in lines]
    return Scene(
        chain=last_traceback(clean),
        messages=tuple(_messages(clean)),
        modules=frozenset(match[1] for line in clean if (match := _MODULE_NAMED.search(line))),
        at_work=_at_work(clean),
        modules_root=modules_root.rstrip("/") if modules_root else None,
    )


def place(scene: Scene) -> Where:
    """Return the place to look at: the data file, else the innermost line of one's own code.

    Where neither has a part in it, it is the module and the data file that Odoo was loading.
    """
    for raised in reversed(scene.chain):
        if parsing := _PARSING.search(raised.message):
            return _in_data_file(scene, raised, parsing["file"], int(parsing["line"][:9]))
        if table := _CSV.search(raised.message):
            return Where(module=table["file"].partition("/")[0], file=table["file"])
    frame = _own_frame(scene)
    if frame is not None:
        return _in_code(scene, frame)
    frames = [frame for raised in scene.chain for frame in raised.frames]
    if any(frame.file.endswith(_LOADS_DATA) for frame in frames):
        return scene.at_work
    return Where(module=scene.at_work.module)


def innermost_place(scene: Scene) -> Where:
    """Return the innermost line of all, whoever wrote it."""
    frames = scene.chain[0].frames if scene.chain else ()
    return _in_code(scene, frames[-1]) if frames else Where()


def excerpt(scene: Scene) -> str:
    """Return the few lines that show the failure. Rows of tables are left out: they are data."""
    if not scene.chain:
        return redacted("\n".join(scene.messages[:3]))[:_EXCERPT_LENGTH]
    lines: list[str] = []
    frame = _own_frame(scene)
    if frame is not None:
        lines.append(f'File "{frame.file}", line {frame.line}, in {frame.function or "<file>"}')
        lines.append(f"    {frame.code}")
    for raised in dict.fromkeys((scene.chain[0], scene.chain[-1])):
        lines.extend(redacted(raised.text).splitlines())
    return "\n".join(line for line in lines[:_EXCERPT_LINES] if line.strip())[:_EXCERPT_LENGTH]


def redacted(text: str) -> str:
    """Return the text without the rows of customers' tables and the credentials of addresses."""
    return _CREDENTIAL.sub(r"\1", _ROW.sub(r"\1 (…)", text))


def is_own(scene: Scene, file: str) -> bool:
    """Say whether a file belongs to the user's own modules."""
    if scene.modules_root is not None:
        return file.startswith(f"{scene.modules_root}/")
    return _NOT_OWN.search(file) is None


def _messages(lines: Sequence[str]) -> Iterator[str]:
    """Yield messages that may tell of a failure, the last first: Odoo's own, then raw ones."""
    for record in reversed(list(records(lines))):
        said = "\n".join((record.message, *record.continuation)).strip()
        if record.is_error or suspicious(said):
            yield said
    for line in reversed(lines):
        if line.strip() and parse_line(line.encode(errors="replace")) is None:
            yield line.strip()


def _in_data_file(scene: Scene, raised: Raised, file: str, line: int) -> Where:
    module, path = _module_path(scene, file)
    record, view = _RECORD.search(raised.message), _VIEW.search(raised.message)
    return Where(
        module=module,
        file=path,
        line=line,
        record=_external_id(module, record["id"] if record else None),
        view=_external_id(module, view["id"] or view["older"] if view else None),
    )


def _external_id(module: str | None, name: str | None) -> str | None:
    """Return the whole id: in its own module's files a record is called without the module."""
    return f"{module}.{name}" if module and name and "." not in name else name


def _own_frame(scene: Scene) -> Frame | None:
    """Return the innermost frame of the user's own, from the first cause on."""
    for raised in scene.chain:
        for frame in reversed(raised.frames):
            if is_own(scene, frame.file):
                return frame
    return None


def _in_code(scene: Scene, frame: Frame) -> Where:
    module, file = _module_path(scene, frame.file)
    return Where(module=module, file=file, line=frame.line)


def _at_work(lines: Sequence[str]) -> Where:
    """Return the module, and the data file of it, that was begun last and not ended."""
    where = Where()
    for line in lines:
        if match := _LOADING_FILE.search(line):
            where = Where(module=match["module"], file=match["file"])
        elif match := _LOADING_MODULE.search(line):
            where = Where(module=match["module"])
        elif _LOADED.search(line):
            where = Where()
    return where


def _module_path(scene: Scene, file: str) -> tuple[str | None, str]:
    """Return the module of a file, and its path from the module's directory on."""
    parts = PurePosixPath(file).parts
    if not is_own(scene, file):
        return _core_path(parts)
    start = _module_index(scene, parts)
    return parts[start], "/".join(parts[start:])


def _core_path(parts: Sequence[str]) -> tuple[str | None, str]:
    for index in range(len(parts) - 2, 0, -1):
        if parts[index - 1] == "addons":
            return parts[index], "/".join(parts[index:])
    return None, "/".join(parts[-3:])


def _module_index(scene: Scene, parts: Sequence[str]) -> int:
    """Return where the module's directory is, judged by names alone: nothing is read from disk."""
    first = len(PurePosixPath(scene.modules_root).parts) if scene.modules_root else 1
    directories = range(min(first, len(parts) - 1), len(parts) - 1)
    for index in directories:
        if parts[index] in scene.modules:
            return index
    for index in directories:
        if parts[index + 1] in _INSIDE_MODULE:
            return index
    return max(len(parts) - 2, 0)
