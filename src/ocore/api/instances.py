"""Instances over HTTP: what an Odoo is made of, and what it does now."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ocore.access import Caller, require
from ocore.api.problems import documented, problem
from ocore.api.projects import OdooVersion, series
from ocore.api.schemas import (
    ActiveColour,
    Body,
    LineText,
    Moment,
    Uuid,
    View,
    answer_of,
    choices,
    json_answer,
)
from ocore.api.services import Services
from ocore.api.whereabouts import host_of, source_of
from ocore.environments import PROVIDERS, Instance, InstanceStatus, Limits, database_name, slug_of
from ocore.environments.registry import InstanceRecord
from ocore.errors import Malformed, StepFailed

ADMIN_LOGIN: Final = "admin"
DEFAULTS: Final = Limits()

Environment = Literal["development", "staging", "production"]
ModuleName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_]{1,100}(?!\n)$",
        description="the name of a module: up to 100 letters, digits and underscores",
    ),
]
SmokePath = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^/[\x21-\x7e]*(?!\n)$",
        max_length=500,
        description="a path that begins with / and has no blanks",
    ),
]
HostName = Annotated[str, msgspec.Meta(max_length=253, extra_json_schema={"format": "hostname"})]
Memory = Annotated[int, msgspec.Meta(ge=256 * 1024**2, le=2**40)]
Seconds = Annotated[int, msgspec.Meta(ge=10, le=86_400)]


class InstanceBody(Body):
    """An Odoo to run. Only a name is needed; limits are in Odoo's own words (odoo.conf)."""

    name: Annotated[LineText, msgspec.Meta(min_length=1, max_length=100)]
    environment: Environment = "development"
    odoo_version: OdooVersion | None = None
    provider: Annotated[str, choices(PROVIDERS)] = "debian"
    source: Annotated[LineText, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    modules: Annotated[list[ModuleName], msgspec.Meta(max_length=1000)] | None = None
    host: HostName | None = None
    workers: Annotated[int, msgspec.Meta(ge=0, le=64)] = DEFAULTS.workers
    max_cron_threads: Annotated[int, msgspec.Meta(ge=0, le=16)] = DEFAULTS.max_cron_threads
    limit_memory_soft: Memory = DEFAULTS.limit_memory_soft
    limit_memory_hard: Memory = DEFAULTS.limit_memory_hard
    limit_time_cpu: Seconds = DEFAULTS.limit_time_cpu
    limit_time_real: Seconds = DEFAULTS.limit_time_real
    smoke_paths: Annotated[list[SmokePath], msgspec.Meta(max_length=20)] = msgspec.field(
        default_factory=list
    )
    rehearse: bool | None = None
    longest_window: Annotated[int, msgspec.Meta(ge=1, le=86_400)] | None = None


class InstanceView(View):
    """An instance and what it does at the moment."""

    id: Uuid
    project_id: Uuid
    name: str
    slug: str
    host: str
    database: str
    environment: str
    odoo_version: str
    provider: str
    source: str | None
    modules: list[str] | None
    workers: int
    max_cron_threads: int
    limit_memory_soft: int
    limit_memory_hard: int
    limit_time_cpu: int
    limit_time_real: int
    smoke_paths: list[str]
    rehearse: bool
    longest_window: int | None
    status: Annotated[str, choices(InstanceStatus)]
    status_message: str | None
    active_color: ActiveColour | None
    active_deployment_id: Uuid | None
    created_at: Moment
    updated_at: Moment


class InstanceList(View):
    """The instances of a project, oldest first."""

    instances: list[InstanceView]


class Credentials(View):
    """How to sign in to the instance's Odoo as its administrator.

    `password` is null when it is not the one that oCore gave: somebody has changed it, or it came
    along with restored data.
    """

    database: str
    login: str
    password: str | None


@get(
    "/projects/{projectId:uuid}/instances",
    summary="List instances",
    responses={200: answer_of(InstanceList)} | documented(401, 403, 404),
)
async def list_instances(
    project_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return the instances of a project."""
    require(caller, "view:instances")
    records = await services.registry(caller.organization_id).instances(project_id)
    return json_answer(InstanceList(instances=[_view(each) for each in records]))


@post(
    "/projects/{projectId:uuid}/instances",
    summary="Create an instance",
    responses={201: answer_of(InstanceView)} | documented(400, 401, 403, 404, 409, 413),
)
async def create_instance(
    project_id: NamedDependency[str],
    data: JSONBody[InstanceBody],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Describe an instance; the first deployment starts it."""
    require(caller, "manage:instances")
    registry = services.registry(caller.organization_id)
    project = (await registry.project(project_id)).project
    slug, instance_id = slug_of(data.name), services.new_id()
    instance = Instance(
        id=instance_id,
        organization_id=caller.organization_id,
        project_id=project.id,
        name=data.name,
        slug=slug,
        database=database_name(slug, instance_id),
        host=host_of(data.host or f"{slug}.{services.base_domain}"),
        environment=data.environment,
        odoo_version=series(data.odoo_version or project.odoo_version),
        provider=data.provider,
        source=source_of(data.provider, data.source),
        modules=None if data.modules is None else tuple(data.modules),
        limits=_limits(data),
        smoke_paths=tuple(data.smoke_paths),
        rehearse=data.rehearse,
        longest_window=data.longest_window,
    )
    record = await registry.add_instance(instance, by=caller.user_id)
    return json_answer(_view(record), status_code=201)


@get(
    "/instances/{instanceId:uuid}",
    summary="Get an instance",
    responses={200: answer_of(InstanceView)} | documented(401, 403, 404),
)
async def get_instance(
    instance_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return one instance."""
    require(caller, "view:instances")
    record = await services.registry(caller.organization_id).instance(instance_id)
    return json_answer(_view(record))


@get(
    "/instances/{instanceId:uuid}/credentials",
    summary="Get the sign-in of an instance",
    responses={200: answer_of(Credentials)} | documented(401, 403, 404, 503),
)
async def get_credentials(
    request: Request[Any, Any, Any],
    instance_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return how to sign in to the instance's Odoo. Needs `manage:instances`."""
    require(caller, "manage:instances")
    instance = (await services.registry(caller.organization_id).instance(instance_id)).instance
    try:
        password = await services.instance_password(instance)
    except StepFailed as failure:
        return problem(request, 503, detail=str(failure), code="unavailable")
    return json_answer(
        Credentials(database=instance.database, login=ADMIN_LOGIN, password=password),
        headers={"Cache-Control": "no-store"},
    )


def _limits(data: InstanceBody) -> Limits:
    if data.limit_memory_soft > data.limit_memory_hard:
        raise Malformed(
            "limitMemorySoft must not be above limitMemoryHard",
            code="limits_crossed",
            field="limitMemorySoft",
        )
    return Limits(
        workers=data.workers,
        max_cron_threads=data.max_cron_threads,
        limit_memory_soft=data.limit_memory_soft,
        limit_memory_hard=data.limit_memory_hard,
        limit_time_cpu=data.limit_time_cpu,
        limit_time_real=data.limit_time_real,
    )


def _view(record: InstanceRecord) -> InstanceView:
    instance, limits = record.instance, record.instance.limits
    return InstanceView(
        id=instance.id,
        project_id=instance.project_id,
        name=instance.name,
        slug=instance.slug,
        host=instance.host,
        database=instance.database,
        environment=instance.environment,
        odoo_version=instance.odoo_version,
        provider=instance.provider,
        source=instance.source,
        modules=None if instance.modules is None else list(instance.modules),
        workers=limits.workers,
        max_cron_threads=limits.max_cron_threads,
        limit_memory_soft=limits.limit_memory_soft,
        limit_memory_hard=limits.limit_memory_hard,
        limit_time_cpu=limits.limit_time_cpu,
        limit_time_real=limits.limit_time_real,
        smoke_paths=list(instance.smoke_paths),
        rehearse=instance.rehearses,
        longest_window=instance.longest_window,
        status=record.status,
        status_message=record.status_message,
        active_color=record.active_colour,
        active_deployment_id=record.active_deployment_id,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


router = Router(
    "/",
    route_handlers=[list_instances, create_instance, get_instance, get_credentials],
    tags=["Instances"],
)
