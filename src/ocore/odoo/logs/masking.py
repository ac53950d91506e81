"""Messages without what differs each time, so that equal ones can be counted together."""

import re
from typing import Final

LONGEST_MESSAGE: Final = 300

_VARIABLE: Final = re.compile(
    r"""
    (?P<id>
        \b [0-9a-f]{8} - [0-9a-f]{4} - [0-9a-f]{4} - [0-9a-f]{4} - [0-9a-f]{12} \b
      | \b 0x [0-9a-f]+ \b
      | \b (?=[a-f]*\d) [0-9a-f]{12,} \b
    )
    | (?P<path> (?<![\w.]) / (?: [\w.@+~-]+ / )+ [\w.@+~-]* )
    | (?P<number> (?<![a-z0-9]) \d+ (?: [.,:] \d+ )* (?: , \s \d+ (?: [.,:] \d+ )* )* )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_MASKS: Final = {"id": "<id>", "path": "<path>", "number": "#"}


def masked(message: str) -> str:
    """Return the message with ids, paths and numbers (also lists of them) replaced, cut short."""
    return _VARIABLE.sub(_mask, message)[:LONGEST_MESSAGE]


def _mask(match: re.Match[str]) -> str:
    return _MASKS[match.lastgroup or "number"]
