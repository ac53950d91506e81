"""Transcripts: the one log of a deployment, append-only, numbered from line 1."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Consecutive whole lines as stored: each ends in one newline; the first is `first_line`."""

    first_line: int
    line_count: int
    content: bytes

    @property
    def last_line(self) -> int:
        return self.first_line + self.line_count - 1


class Transcripts(Protocol):
    """Stores lines as they are produced; what is stored is never changed."""

    async def append(self, deployment_id: str, term: int, content: bytes) -> int:
        """Add whole lines under a lease term; return the number of the last line. LeaseLost."""
        ...

    async def read(self, deployment_id: str, *, after_line: int, limit: int) -> tuple[Chunk, ...]:
        """Return up to `limit` chunks that follow a line, in order, cut so that none repeats."""
        ...
