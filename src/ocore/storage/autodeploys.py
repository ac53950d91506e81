"""The record of which pushes are deployed where, and of the webhooks that announce them."""

from datetime import datetime
from typing import Any, Final

from ocore.deployments.autodeploy import AutoDeploy, Rollback, Standing, Waiting
from ocore.deployments.ledger import Hook
from ocore.deployments.model import ENDED, Step
from ocore.source.pushes import Push
from ocore.storage.absent import no_instance, no_project
from ocore.storage.audit import audit
from ocore.storage.database import EVERY_ORGANIZATION, Connection, Pool, load_queries, transaction

_QUERIES: Final = load_queries("autodeploys")


class TenantAutoDeploys:
    """Settings and webhooks of one organization; row-level security keeps others out of sight."""

    def __init__(self, pool: Pool, organization_id: str) -> None:
        self._pool = pool
        self._organization = organization_id

    async def state(self, instance_id: str) -> tuple[AutoDeploy, Standing]:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "setting", instance=instance_id)
            if row is None:
                raise no_instance(instance_id)
            return _setting(row), await standing_of(connection, instance_id)

    async def of_project(self, project_id: str) -> tuple[AutoDeploy, ...]:
        async with transaction(self._pool, self._organization) as connection:
            rows = await connection.execute(_QUERIES["of_project"], {"project": project_id})
            return tuple(_setting(row) for row in await rows.fetchall())

    async def change(self, wanted: AutoDeploy, *, by: str) -> None:
        values = {
            "instance": wanted.instance_id,
            "enabled": wanted.enabled,
            "pattern": wanted.branch_pattern,
        }
        async with transaction(self._pool, self._organization) as connection:
            if await _one(connection, "change", **values) is None:
                raise no_instance(wanted.instance_id)
            await audit(
                connection, self._organization, "auto_deploy.changed", wanted.instance_id, by=by
            )

    async def resume(self, instance_id: str, *, rollback_id: str, by: str) -> None:
        async with transaction(self._pool, self._organization) as connection:
            values = {"instance": instance_id, "rollback": rollback_id}
            if await _one(connection, "resume", **values) is None:
                raise no_instance(instance_id)
            await audit(connection, self._organization, "auto_deploy.resumed", instance_id, by=by)

    async def hook(self, project_id: str) -> Hook | None:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "hook", project=project_id)
        if row is None:
            raise no_project(project_id)
        return _hook(row)

    async def rotate(self, project_id: str, *, version: str, by: str) -> Hook:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "rotate", project=project_id, version=version)
            hook = _hook(row) if row else None
            if hook is None:
                raise no_project(project_id)
            await audit(connection, self._organization, "webhook.rotated", project_id, by=by)
        return hook


async def find_hook(pool: Pool, project_id: str) -> Hook | None:
    """Return the webhook of a project of any organization, for who has not proven anything yet."""
    async with transaction(pool, EVERY_ORGANIZATION) as connection:
        row = await _one(connection, "hook", project=project_id)
    return _hook(row) if row else None


async def standing_of(connection: Connection, instance_id: str) -> Standing:
    """Return how an instance stands, as far as a push asks."""
    # In this order: what ends between two of these is seen in the line, or as what went back.
    last = await _one(connection, "last", instance=instance_id)
    values = {"instance": instance_id, "rolling_back": Step.ROLL_BACK}
    found = await (await connection.execute(_QUERIES["rollbacks"], values)).fetchall()
    live = await _one(connection, "live", instance=instance_id)
    pushed = await _one(connection, "pushed", instance=instance_id)
    return Standing(
        live=live[0] if live else None,
        last=Waiting(deployment_id=last[0], commit_sha=last[1]) if last else None,
        pushed=_pushed(pushed) if pushed else None,
        rollbacks=tuple(_rollback(row) for row in found),
    )


def _pushed(row: tuple[Any, ...]) -> Push | None:
    branch, after, before = row
    if branch is None or after is None:
        return None
    return Push(branch=branch, commit_sha=after, before=before)


def _rollback(row: tuple[Any, ...]) -> Rollback:
    id_, asked_for, status, left, view, pushed_since, again = row
    return Rollback(
        deployment_id=id_,
        left=left,
        to=view["commitSha"] if asked_for else None,
        since=datetime.fromisoformat(view["createdAt" if asked_for else "completedAt"]),
        ended=status in ENDED,
        pushed_since=pushed_since,
        again=again,
    )


def _setting(row: tuple[Any, ...]) -> AutoDeploy:
    id_, enabled, pattern, updated = row
    return AutoDeploy(instance_id=id_, enabled=enabled, branch_pattern=pattern, updated_at=updated)


def _hook(row: tuple[Any, ...]) -> Hook | None:
    project, organization, version, rotated = row
    if version is None:
        return None
    return Hook(
        organization_id=organization, project_id=project, version=version, rotated_at=rotated
    )


async def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...] | None:
    return await (await connection.execute(_QUERIES[name], values)).fetchone()
