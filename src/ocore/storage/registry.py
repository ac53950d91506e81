"""Projects and instances of one organization."""

from typing import Any, Final

from psycopg import errors

from ocore.environments import Instance, InstanceStatus, Project
from ocore.environments.registry import InstanceRecord, ProjectRecord
from ocore.errors import Conflict
from ocore.kit.moments import rfc3339
from ocore.storage.absent import no_instance, no_project
from ocore.storage.audit import audit
from ocore.storage.codec import instance_from, live_from, project_from, to_json
from ocore.storage.database import Pool, load_queries, transaction

_QUERIES: Final = load_queries("registry")


class TenantRegistry:
    """Registry in PostgreSQL; row-level security keeps other organizations out of sight."""

    def __init__(self, pool: Pool, organization_id: str) -> None:
        self._pool = pool
        self._organization = organization_id

    async def add_project(self, project: Project, *, by: str) -> ProjectRecord:
        values = {
            "id": project.id,
            "organization": self._organization,
            "slug": project.slug,
            "record": to_json(project),
        }
        try:
            row = await self._add("add_project", values, "project.created", by)
        except errors.UniqueViolation as taken:
            raise Conflict(
                f"there is a project {project.slug} already", code="project_exists", field="name"
            ) from taken
        return _project(row)

    async def projects(self) -> tuple[ProjectRecord, ...]:
        return tuple(_project(row) for row in await self._rows("projects"))

    async def project(self, project_id: str) -> ProjectRecord:
        rows = await self._rows("project", id=project_id)
        if not rows:
            raise no_project(project_id)
        return _project(rows[0])

    async def add_instance(self, instance: Instance, *, by: str) -> InstanceRecord:
        values = {
            "id": instance.id,
            "organization": self._organization,
            "project": instance.project_id,
            "slug": instance.slug,
            "host": instance.host,
            "record": to_json(instance),
        }
        try:
            row = await self._add("add_instance", values, "instance.created", by)
        except errors.UniqueViolation as taken:
            field = "host" if "host" in (taken.diag.constraint_name or "") else "name"
            raise Conflict(
                f"{getattr(instance, field)} is taken by another instance: give another {field}",
                code="instance_exists",
                field=field,
            ) from taken
        return _instance(row)

    async def instances(self, project_id: str) -> tuple[InstanceRecord, ...]:
        await self.project(project_id)
        return tuple(_instance(row) for row in await self._rows("instances", project=project_id))

    async def instance(self, instance_id: str) -> InstanceRecord:
        rows = await self._rows("instance", id=instance_id)
        if not rows:
            raise no_instance(instance_id)
        return _instance(rows[0])

    async def _add(
        self, name: str, values: dict[str, Any], action: str, by: str
    ) -> tuple[Any, ...]:
        async with transaction(self._pool, self._organization) as connection:
            row = await (await connection.execute(_QUERIES[name], values)).fetchone()
            await audit(connection, self._organization, action, values["id"], by=by)
        return row or ()

    async def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        async with transaction(self._pool, self._organization) as connection:
            return await (await connection.execute(_QUERIES[name], values)).fetchall()


def _project(row: tuple[Any, ...]) -> ProjectRecord:
    record, created, updated = row
    return ProjectRecord(
        project=project_from(record), created_at=rfc3339(created), updated_at=rfc3339(updated)
    )


def _instance(row: tuple[Any, ...]) -> InstanceRecord:
    record, status, message, live_record, created, updated = row
    live = None if live_record is None else live_from(live_record)
    return InstanceRecord(
        instance=instance_from(record),
        status=InstanceStatus(status),
        status_message=message,
        active_colour=live.colour if live else None,
        active_deployment_id=live.deployment_id if live else None,
        created_at=rfc3339(created),
        updated_at=rfc3339(updated),
    )
