"""Which images the records still need."""

from typing import Final

from ocore.storage.database import EVERY_ORGANIZATION, Pool, load_queries, read

_QUERIES: Final = load_queries("images")


async def needed_images(pool: Pool) -> frozenset[str]:
    """Return the tags of all images that serve, may be rolled back to, or are on their way."""
    rows = await read(pool, EVERY_ORGANIZATION, _QUERIES["needed"], {})
    return frozenset(bytes(tag).decode() for (tag,) in rows)
