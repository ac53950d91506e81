"""A deployment as its row and its journal tell it."""

from typing import Any, Final

from ocore.deployments.model import Deployment
from ocore.storage.codec import deployment_from
from ocore.storage.database import Connection, load_queries

_QUERIES: Final = load_queries("journal")


async def with_journal(connection: Connection, deployment_id: Any, record: Any) -> Deployment:
    """Return the deployment of a row, with all lines of its journal."""
    rows = await connection.execute(_QUERIES["journal"], {"id": deployment_id})
    return deployment_from(record, [row[0] for row in await rows.fetchall()])
