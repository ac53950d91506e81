"""What Odoo says of the tests it ran."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_RESULT: Final = re.compile(
    r"odoo\.tests\.result: (?P<failed>\d+) failed, (?P<errors>\d+) error\(s\) of (?P<total>\d+) "
    r"tests"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """How many tests ran, and how many of them did not pass."""

    total: int
    unsuccessful: int


def results_of(lines: Iterable[str]) -> Results | None:
    """Return the results that the log ends with; None when no tests were asked for."""
    found = None
    for line in lines:
        if match := _RESULT.search(line):
            unsuccessful = int(match["failed"]) + int(match["errors"])
            found = Results(total=int(match["total"]), unsuccessful=unsuccessful)
    return found
