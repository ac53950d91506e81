"""The lines that divide the log of a deployment into steps."""

import re
from typing import Final

_MARKER: Final = re.compile(rb"=== (\S.*\S|\S) ===\s*")


def step_marker(name: str) -> str:
    """Return the line that says a step begins. A step that is tried again begins again."""
    return f"=== {name} ==="


def step_of(line: bytes) -> str | None:
    """Return the step that this line begins; None for any other line."""
    match = _MARKER.fullmatch(line)
    return match[1].decode(errors="replace") if match else None
