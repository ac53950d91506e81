"""The log of who did what."""

from typing import Final

from ocore.storage.database import Connection, load_queries

_QUERIES: Final = load_queries("audit")


async def audit(
    connection: Connection, organization_id: str, action: str, resource: str, *, by: str
) -> None:
    """Write down an action of a person, in the transaction of what it changes."""
    values = {
        "organization": organization_id,
        "actor": by,
        "action": action,
        "resource": resource,
    }
    await connection.execute(_QUERIES["add"], values)
