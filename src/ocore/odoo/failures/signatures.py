"""Lines that are bad news even when Odoo's exit code is 0, and classes of logged errors."""

import re
from collections.abc import Iterable
from typing import Final

from ocore.odoo.logs.masking import masked
from ocore.odoo.logs.reader import Record, records

_SUSPICIOUS: Final = re.compile(
    r"invalid module names, ignored"
    r"|[Uu]nmet dependencies"
    r"|some depends are not loaded, skipped"
    r"|not installable, skipped"
    r"|has an incompatible version"
    r"|Some modules are not loaded"
    r"|have inconsistent states"
    r"|module states were reset"
    r"|Model \S+ has no table"
    r"|Missing not-null constraint"
    r"|unable to add constraint"
    r"|is violated by some row"
    r"|could not create unique index"
    r"|contains null values"
    r"|Skipping database"
    r"|Failed to load registry"
    r"|bad query:"
    r"|could not serialize access"
    r"|deadlock detected"
    r"|occurred while compiling the bundle"
    r"|Couldn't bind the websocket"
)
_RAISED: Final = re.compile(
    r"ERROR: .*|[A-Za-z_][\w.]*(Error|Exception|Violation|Warning)\b.*|KeyError.*"
)


def suspicious(line: str) -> bool:
    """Say whether an updater that ended well should still not be believed after this line."""
    return _SUSPICIOUS.search(line) is not None


def error_classes(lines: Iterable[str]) -> dict[str, str]:
    """Return one line for each class of errors in a log, by a key that is the same in every log.

    Errors of one class differ only in ids, paths and numbers.
    """
    classes: dict[str, str] = {}
    for record in records(lines):
        if record.is_error:
            raised = _last_exception(record)
            message = _without_query(record.message)
            key = f"{record.logger}: {masked(message)} {masked(raised)}".rstrip()
            said = f"{record.level} {record.logger}: {message} {raised}".rstrip()
            classes.setdefault(key, said)
    return classes


def _last_exception(record: Record) -> str:
    """Return the line that names the exception of a traceback, or PostgreSQL's error."""
    candidates = (line for line in reversed(record.continuation) if _RAISED.fullmatch(line))
    return next(candidates, "")


def _without_query(message: str) -> str:
    """Return the message without the SQL of a failed query, which differs each time."""
    return "bad query" if message.startswith("bad query:") else message
