"""The log of a deployment over HTTP: followed live, downloaded whole, and summarised."""

from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from ocore.access import Caller, require
from ocore.api.follow import Hub
from ocore.api.problems import documented
from ocore.api.schemas import LogSummaryView, answer_of, ready
from ocore.api.services import Services
from ocore.api.stream import EVENT_STREAM, LastEventId, Place, log_lines, no_lines, stream_of
from ocore.api.summaries import Summaries, whole_log

WithLines = Annotated[
    int,
    QueryParameter(
        ge=0, le=1, description="1 sends the lines of the log as well, as `log` events."
    ),
]
_DOWNLOAD: Final = {
    200: ResponseSpec(
        str,
        description="A header of lines that begin with `# `, an empty line, then the log.",
        media_type="text/plain",
        generate_examples=False,
    )
}


@get(
    "/logs",
    summary="Stream build logs (SSE)",
    responses=EVENT_STREAM | documented(400, 401, 403, 404),
    media_type="text/event-stream",
)
async def follow_log(  # noqa: PLR0913 - each argument is a part of the request
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    hub: NamedDependency[Hub],
    *,
    lines: WithLines = 0,
    last_event_id: LastEventId = None,
) -> Stream:
    """Send each change of a step, and `complete` last. A deployment that has ended is replayed."""
    require(caller, "view:deployments")
    place = Place.parse(last_event_id)
    views = services.views(caller.organization_id)
    await views.view(project_id, deployment_id)
    return stream_of(hub, deployment_id, views, place, log_lines if lines else no_lines)


@get(
    "/logs/download",
    summary="Download build logs",
    responses=_DOWNLOAD | documented(401, 403, 404),
    media_type="text/plain",
)
async def download_log(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Stream:
    """Return the log with a header that says whose it is."""
    require(caller, "view:deployments")
    view = await services.views(caller.organization_id).view(project_id, deployment_id)
    return Stream(
        whole_log(msgspec.json.decode(view), services.transcripts),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="deployment-{deployment_id}.log"'},
    )


@get(
    "/logs/summary",
    summary="Get deployment log summary",
    responses={200: answer_of(LogSummaryView)} | documented(401, 403, 404),
)
async def summarise_log(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    summaries: NamedDependency[Summaries],
) -> Response[bytes]:
    """Return sections, updated modules and grouped warnings. Lines are those of the download."""
    require(caller, "view:deployments")
    view = await services.views(caller.organization_id).view(project_id, deployment_id)
    return ready(await summaries.of(msgspec.json.decode(view), services.transcripts))


router = Router(
    "/projects/{projectId:uuid}/deployments/{deploymentId:uuid}",
    route_handlers=[follow_log, download_log, summarise_log],
    tags=["Deployments"],
)
