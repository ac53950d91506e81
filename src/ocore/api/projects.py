"""Projects over HTTP."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ocore.access import Caller, require
from ocore.api.problems import documented
from ocore.api.schemas import Body, LineText, Moment, Uuid, View, answer_of, choices, json_answer
from ocore.api.services import Services
from ocore.environments import ODOO_SERIES, Project, slug_of
from ocore.environments.registry import ProjectRecord
from ocore.errors import Malformed, Unauthenticated
from ocore.source.address import split_credentials

OdooVersion = Annotated[str, choices(ODOO_SERIES)]


class ProjectBody(Body):
    """A git repository of Odoo modules. A credential in its URL is kept, and never shown."""

    name: Annotated[LineText, msgspec.Meta(min_length=1, max_length=100)]
    repository_url: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
    odoo_version: OdooVersion = ODOO_SERIES[-1]


class ProjectView(View):
    """A repository of Odoo modules."""

    id: Uuid
    name: str
    slug: str
    repository_url: str
    odoo_version: str
    created_at: Moment
    updated_at: Moment


class ProjectList(View):
    """All projects of the organization, oldest first."""

    projects: list[ProjectView]


@get(
    "/",
    summary="List projects",
    responses={200: answer_of(ProjectList)} | documented(401, 403),
)
async def list_projects(
    caller: NamedDependency[Caller], services: NamedDependency[Services]
) -> Response[bytes]:
    """Return all projects of your organization."""
    require(caller, "view:projects")
    records = await services.registry(caller.organization_id).projects()
    return json_answer(ProjectList(projects=[_view(each) for each in records]))


@post(
    "/",
    summary="Create a project",
    responses={201: answer_of(ProjectView)} | documented(400, 401, 403, 409, 413),
)
async def create_project(
    data: JSONBody[ProjectBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Connect a git repository of Odoo modules."""
    require(caller, "manage:projects")
    account = await services.accounts.by_id(caller.user_id)
    if account is None:
        raise Unauthenticated("your account is gone; sign in again", code="account_gone")
    project = Project(
        id=services.new_id(),
        organization_id=caller.organization_id,
        organization_slug=account.organization_slug,
        name=data.name,
        slug=slug_of(data.name),
        repository=split_credentials(data.repository_url),
        odoo_version=series(data.odoo_version),
    )
    registry = services.registry(caller.organization_id)
    record = await registry.add_project(project, by=caller.user_id)
    return json_answer(_view(record), status_code=201)


@get(
    "/{projectId:uuid}",
    summary="Get a project",
    responses={200: answer_of(ProjectView)} | documented(401, 403, 404),
)
async def get_project(
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return one project."""
    require(caller, "view:projects")
    record = await services.registry(caller.organization_id).project(project_id)
    return json_answer(_view(record))


def series(version: str) -> str:
    """Return the Odoo series if it is one we run; Malformed otherwise."""
    if version not in ODOO_SERIES:
        raise Malformed(
            f"odooVersion must be one of: {', '.join(ODOO_SERIES)}",
            code="unknown_odoo_version",
            field="odooVersion",
        )
    return version


def _view(record: ProjectRecord) -> ProjectView:
    project = record.project
    return ProjectView(
        id=project.id,
        name=project.name,
        slug=project.slug,
        repository_url=project.repository.url,
        odoo_version=project.odoo_version,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


router = Router(
    "/projects", route_handlers=[list_projects, create_project, get_project], tags=["Projects"]
)
