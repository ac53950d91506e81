"""Logs of deployments, in chunks of whole lines that are never changed."""

from typing import Final

from ocore.errors import LeaseLost
from ocore.storage.database import EVERY_ORGANIZATION, Pool, load_queries, transaction
from ocore.transcripts import Chunk

_QUERIES: Final = load_queries("transcripts")


class PostgresTranscripts:
    """Transcripts in PostgreSQL. Readers have shown before that the deployment is theirs."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def append(self, deployment_id: str, term: int, content: bytes) -> int:
        values = {
            "id": deployment_id,
            "term": term,
            "count": content.count(b"\n"),
            "content": content,
        }
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await (await connection.execute(_QUERIES["append"], values)).fetchone()
        if row is None:
            raise LeaseLost(f"{deployment_id} has moved on from term {term}")
        return int(row[0])

    async def read(self, deployment_id: str, *, after_line: int, limit: int) -> tuple[Chunk, ...]:
        values = {"id": deployment_id, "after": after_line, "limit": limit}
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            rows = await (await connection.execute(_QUERIES["read"], values)).fetchall()
        return tuple(
            _after(Chunk(first_line=f, line_count=n, content=c), after_line) for f, n, c in rows
        )


def _after(chunk: Chunk, line: int) -> Chunk:
    """Cut off what stands before or on a line."""
    skipped = line - chunk.first_line + 1
    if skipped <= 0:
        return chunk
    rest = chunk.content.split(b"\n", skipped)[skipped]
    return Chunk(first_line=line + 1, line_count=chunk.line_count - skipped, content=rest)
