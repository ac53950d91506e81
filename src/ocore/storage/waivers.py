"""The record of waivers, for doors and for workers."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment
from ocore.deployments.waivers import Scope, Waiver
from ocore.errors import NotFound
from ocore.storage.absent import no_deployment, no_project
from ocore.storage.database import Connection, Pool, load_queries, transaction
from ocore.storage.journal import with_journal

_QUERIES: Final = load_queries("waivers")


class TenantWaivers:
    """Waivers of one organization; row-level security keeps others out of sight."""

    def __init__(self, pool: Pool, organization_id: str, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._organization = organization_id
        self._now = now

    async def give(self, waiver: Waiver, *, admit: Callable[[Deployment], None]) -> Waiver:
        async with transaction(self._pool, self._organization) as connection:
            await _lock_project(connection, waiver.project_id)
            deployment = await _deployment(
                connection, "lock_deployment", waiver.project_id, waiver.deployment_id
            )
            waivers = await waivers_of(connection, deployment)
            admit(replace(deployment, waivers=waivers))
            commit = deployment.commit
            values = {
                **_columns(waiver),
                "organization": self._organization,
                "commit_sha": commit.sha if commit else None,
            }
            await connection.execute(_QUERIES["give"], values)
            await self._wake(connection, waiver)
            await _audit(connection, [waiver.id], "waiver.created", by=waiver.actor_id)
            return await _waiver(connection, waiver.project_id, waiver.id)

    async def revoke(
        self, project_id: str, waiver_id: str, *, by: str, admit: Callable[[Waiver], None]
    ) -> Waiver:
        async with transaction(self._pool, self._organization) as connection:
            await _lock_project(connection, project_id)
            # Deployments are locked before waivers, as a worker that uses one locks them.
            await self._wake(connection, await _waiver(connection, project_id, waiver_id))
            await _rows(connection, "lock", id=waiver_id)
            admit(await _waiver(connection, project_id, waiver_id))
            values = {"id": waiver_id, "by": by, "now": self._now()}
            await connection.execute(_QUERIES["revoke"], values)
            await _audit(connection, [waiver_id], "waiver.revoked", by=by)
            return await _waiver(connection, project_id, waiver_id)

    async def of_deployment(self, project_id: str, deployment_id: str) -> tuple[Waiver, ...]:
        async with transaction(self._pool, self._organization) as connection:
            deployment = await _deployment(connection, "deployment", project_id, deployment_id)
            return await waivers_of(connection, deployment)

    async def concerning(self, deployment: Deployment) -> tuple[Waiver, ...]:
        async with transaction(self._pool, self._organization) as connection:
            return await waivers_of(connection, deployment)

    async def page(
        self, project_id: str, *, limit: int, offset: int
    ) -> tuple[tuple[Waiver, ...], int]:
        async with transaction(self._pool, self._organization) as connection:
            counted = await _rows(connection, "count", project=project_id)
            if not counted:
                raise no_project(project_id)
            rows = await _rows(connection, "page", project=project_id, limit=limit, offset=offset)
        return tuple(_from(row) for row in rows), counted[0][0]

    async def _wake(self, connection: Connection, waiver: Waiver) -> None:
        """Have workers look again at what may wait for it."""
        only = waiver.deployment_id if waiver.scope is Scope.DEPLOYMENT else None
        values = {"project": waiver.project_id, "only": only, "now": self._now()}
        await connection.execute(_QUERIES["wake"], values)
        await connection.execute(_QUERIES["notify"], {"id": waiver.deployment_id})


async def waivers_of(connection: Connection, deployment: Deployment) -> tuple[Waiver, ...]:
    """Return the waivers that concern a deployment, whether they still count or not."""
    commit = deployment.commit
    rows = await _rows(
        connection,
        "concerning",
        project=deployment.project.id,
        deployment=deployment.id,
        sha=commit.sha if commit else None,
    )
    return tuple(_from(row) for row in rows)


async def use_waivers(
    connection: Connection, waivers: Sequence[Waiver], *, by: str, now: datetime
) -> bool:
    """Write down that these let a deployment go on; False, and nothing, when one does not count."""
    ids = [each.id for each in waivers]
    if len(await _rows(connection, "hold", ids=ids, now=now)) < len(ids):
        return False
    await connection.execute(_QUERIES["use"], {"ids": ids, "now": now})
    await _audit(connection, ids, "waiver.used", by=by)
    return True


async def _lock_project(connection: Connection, project_id: str) -> None:
    if not await _rows(connection, "lock_project", project=project_id):
        raise no_project(project_id)


async def _deployment(
    connection: Connection, query: str, project_id: str, deployment_id: str
) -> Deployment:
    rows = await _rows(connection, query, id=deployment_id, project=project_id)
    if not rows:
        raise no_deployment(deployment_id)
    return await with_journal(connection, deployment_id, rows[0][0])


async def _waiver(connection: Connection, project_id: str, waiver_id: str) -> Waiver:
    rows = await _rows(connection, "waiver", id=waiver_id, project=project_id)
    if not rows:
        raise NotFound(f"there is no waiver {waiver_id}", code="waiver_not_found")
    return _from(rows[0])


async def _audit(connection: Connection, ids: Sequence[str], action: str, *, by: str) -> None:
    values = {"ids": list(ids), "action": action, "actor": by}
    await connection.execute(_QUERIES["audit"], values)


async def _rows(connection: Connection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_QUERIES[name], values)).fetchall()


def _columns(waiver: Waiver) -> dict[str, object]:
    return {each.name: getattr(waiver, each.name) for each in fields(waiver)}


def _from(row: tuple[Any, ...]) -> Waiver:
    id_, project, deployment, commit_sha, gate, scope, *rest = row
    names = [each.name for each in fields(Waiver)][6:]
    return Waiver(
        id=str(id_),
        project_id=str(project),
        deployment_id=str(deployment),
        commit_sha=commit_sha,
        gate=Gate(gate),
        scope=Scope(scope),
        **dict(zip(names, rest, strict=True)),
    )
