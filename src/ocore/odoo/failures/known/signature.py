"""One known failure, as a value."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a failure is known by, and what to say about it.

    `pattern` is searched in `Type: message` of an exception, or in a logged message. Its named
    groups may be used in the texts. `cause` empty means the first line of what was found. `file`
    is where such a failure always has its place; a group `line` is a line of it.
    """

    pattern: re.Pattern[str]
    title: str
    explanation: str
    suggested_fix: str
    cause: str = ""
    retryable: bool = False
    docs_url: str | None = None
    file: str | None = None


def known_by(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)
