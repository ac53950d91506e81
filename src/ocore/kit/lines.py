"""From pieces of text, cut anywhere, to lines."""

from collections.abc import Callable
from typing import Final

_LONGEST: Final = 1 << 20


class Lines:
    """Hands on each line once it is whole, without its end. Lines over 1 MiB come in pieces."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = ""

    def feed(self, text: str) -> None:
        *whole, self._rest = (self._rest + text).split("\n")
        for line in whole:
            self._on_line(line.rstrip("\r"))
        while len(self._rest) > _LONGEST:
            self._on_line(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]

    def end(self) -> None:
        """Hand on what came without an end of line."""
        if self._rest:
            self._on_line(self._rest.rstrip("\r"))
        self._rest = ""
