"""The record of projects and instances, as the doors need it."""

from dataclasses import dataclass
from typing import Protocol

from ocore.artifacts import Colour
from ocore.environments import Instance, InstanceStatus, Project


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """An instance and what it does at the moment. Times are RFC 3339."""

    instance: Instance
    status: InstanceStatus
    status_message: str | None
    active_colour: Colour | None
    active_deployment_id: str | None
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectRecord:
    """A project and when it was made. Times are RFC 3339."""

    project: Project
    created_at: str
    updated_at: str


class Registry(Protocol):
    """Projects and instances of one organization: a foreign id is NotFound.

    Every change is written to the audit log in the same transaction, `by` being a user's id.
    """

    async def add_project(self, project: Project, *, by: str) -> ProjectRecord:
        """Keep a new project; Conflict (`project_exists`, field name) when its slug is taken."""
        ...

    async def projects(self) -> tuple[ProjectRecord, ...]:
        """Return all projects, oldest first."""
        ...

    async def project(self, project_id: str) -> ProjectRecord:
        """Return one project."""
        ...

    async def add_instance(self, instance: Instance, *, by: str) -> InstanceRecord:
        """Keep a new instance; Conflict when its slug or host is taken."""
        ...

    async def instances(self, project_id: str) -> tuple[InstanceRecord, ...]:
        """Return the instances of a project, oldest first. NotFound: no such project."""
        ...

    async def instance(self, instance_id: str) -> InstanceRecord:
        """Return one instance."""
        ...
