"""What lists and followers read: JSON that was written with the change, passed through unread."""

from typing import Final

from ocore.deployments.ledger import Event
from ocore.errors import NotFound
from ocore.storage.database import Pool, load_queries, transaction
from ocore.storage.requests import no_deployment

_QUERIES: Final = load_queries("views")


class TenantViews:
    """Views of one organization's deployments."""

    def __init__(self, pool: Pool, organization_id: str) -> None:
        self._pool = pool
        self._organization = organization_id

    async def view(self, project_id: str, deployment_id: str) -> bytes:
        async with transaction(self._pool, self._organization) as connection:
            found = await connection.execute(
                _QUERIES["view"], {"id": deployment_id, "project": project_id}
            )
            row = await found.fetchone()
        if row is None:
            raise no_deployment(deployment_id)
        return str(row[0]).encode()

    async def page(self, project_id: str, *, limit: int, offset: int) -> bytes:
        async with transaction(self._pool, self._organization) as connection:
            found = await connection.execute(
                _QUERIES["page"], {"project": project_id, "limit": limit, "offset": offset}
            )
            row = await found.fetchone()
        if row is None:
            raise NotFound(f"there is no project {project_id}", code="project_not_found")
        total, views = row
        tail = f'],"limit":{limit},"offset":{offset},"total":{total}}}'
        return f'{{"deployments":[{views}{tail}'.encode()

    async def events(self, deployment_id: str, *, after: int) -> tuple[Event, ...]:
        async with transaction(self._pool, self._organization) as connection:
            found = await connection.execute(
                _QUERIES["events"], {"id": deployment_id, "after": after}
            )
            rows = await found.fetchall()
        return tuple(Event(seq=seq, kind=kind, data=event.encode()) for seq, kind, event in rows)
