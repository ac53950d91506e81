"""Writes one deployment's log: masked, in order, and durable within a moment."""

import asyncio
from collections.abc import Iterable
from typing import Final

from ocore.deployments.ledger import Lease
from ocore.transcripts import Transcripts

FLUSH_SECONDS: Final = 0.2
MASK: Final = "••••"
_LONGEST_LINE: Final = 1 << 20


class Transcript:
    """The pen of one lease. `say` never blocks; what was said is stored within FLUSH_SECONDS."""

    def __init__(self, transcripts: Transcripts, lease: Lease, secrets: Iterable[str]) -> None:
        self._transcripts = transcripts
        self._lease = lease
        # Longest first, or a secret that contains another would leave its tail visible.
        self._secrets = sorted({each for each in secrets if len(each) >= 4}, key=len, reverse=True)
        self._pending: list[str] = []
        self._writing = asyncio.Lock()

    def say(self, line: str) -> None:
        for piece in line.splitlines() or [""]:
            self._pending.append(self._masked(piece[:_LONGEST_LINE]))

    async def flush(self) -> None:
        """Store what was said. LeaseLost when somebody else writes now."""
        async with self._writing:
            if not self._pending:
                return
            lines, self._pending = self._pending, []
            content = "".join(f"{line}\n" for line in lines).encode(errors="replace")
            await self._transcripts.append(self._lease.deployment_id, self._lease.term, content)

    async def keep_flushing(self) -> None:
        """Store what is said, again and again, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    def _masked(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, MASK)
        return line
