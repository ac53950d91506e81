"""What lists and followers read: JSON that was written with the change, passed through unread."""

from typing import Final

from ocore.deployments.ledger import Event
from ocore.errors import NotFound
from ocore.storage.absent import no_deployment, no_project
from ocore.storage.database import Pool, Row, load_queries, read

_QUERIES: Final = load_queries("views")


class TenantViews:
    """Views of one organization's deployments."""

    def __init__(self, pool: Pool, organization_id: str) -> None:
        self._pool = pool
        self._organization = organization_id

    async def view(self, project_id: str, deployment_id: str) -> bytes:
        rows = await self._read("view", id=deployment_id, project=project_id)
        if not rows:
            raise no_deployment(deployment_id)
        view: bytes = rows[0][0]
        return view

    async def page(self, project_id: str, *, limit: int, offset: int) -> bytes:
        rows = await self._read("page", project=project_id, limit=limit, offset=offset)
        if not rows:
            raise no_project(project_id)
        # Put together here: the database would copy a page of views several times over.
        views = b",".join(view for _, view in rows if view is not None)
        numbers = (limit, offset, rows[0][0])
        return b'{"deployments":[%b],"limit":%d,"offset":%d,"total":%d}' % (views, *numbers)

    async def demand_rollback(self, deployment_id: str) -> None:
        if not await self._read("rollback", id=deployment_id):
            raise NotFound(f"there is no rollback {deployment_id}", code="deployment_not_found")

    async def events(self, deployment_id: str, *, after: int) -> tuple[Event, ...]:
        rows = await self._read("events", id=deployment_id, after=after)
        return tuple(Event(seq=seq, kind=kind.decode(), data=event) for seq, kind, event in rows)

    async def _read(self, name: str, **values: object) -> list[Row]:
        return await read(self._pool, self._organization, _QUERIES[name], values)
