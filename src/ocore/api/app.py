"""The HTTP API as an ASGI application."""

from importlib.metadata import version
from typing import Final

from litestar import Litestar, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.exceptions import HTTPException

from ocore.access.signin import Attempts
from ocore.api import (
    attestations,
    auth,
    autodeploys,
    deliveries,
    deployments,
    environments,
    evidence,
    instances,
    logs,
    page,
    parameters,
    plans,
    problems,
    projects,
    rollbacks,
    snapshots,
    waivers,
)
from ocore.api.description import BEARER, described
from ocore.api.follow import Hub
from ocore.api.schemas import StrictRequest, View, answer_of, json_answer
from ocore.api.services import Services
from ocore.api.summaries import Summaries
from ocore.errors import Refused, Unavailable

VERSION: Final = version("ocore")
LARGEST_BODY: Final = 256 * 1024
"""In bytes. The largest body that makes sense is a list of a thousand module names."""


class Health(View):
    """Whether the API can do its work."""

    status: str
    version: str


@get(
    "/health",
    summary="Health of the API",
    tags=["Platform"],
    responses={200: answer_of(Health)} | problems.documented(503),
)
async def health(services: NamedDependency[Services]) -> Response[bytes]:
    """Answer 200 when the API and its database work."""
    await services.ping()
    return json_answer(Health(status="ok", version=VERSION))


def create_app(services: Services) -> Litestar:
    """Return the API over these services."""
    hub, summaries = Hub(services.wakeups, services.transcripts), Summaries()
    # Two, for at the other door it costs next to nothing to push out what is counted at this one.
    attempts, proofs = Attempts(), Attempts()
    return Litestar(
        route_handlers=[
            Router(
                "/api",
                route_handlers=[
                    health,
                    attestations.public_key,
                    page.router,
                    auth.router,
                    deliveries.router,
                    _behind_sign_in(),
                ],
            )
        ],
        dependencies={
            "services": Provide(lambda: services, sync_to_thread=False),
            # Not the classes themselves: their arguments would be taken from the query string.
            "attempts": Provide(lambda: attempts, sync_to_thread=False),
            "proofs": Provide(lambda: proofs, sync_to_thread=False),
            "summaries": Provide(lambda: summaries, sync_to_thread=False),
            "hub": Provide(lambda: hub, sync_to_thread=False),
        },
        exception_handlers={
            Refused: problems.on_refused,
            Unavailable: problems.on_unavailable,
            HTTPException: problems.on_http_exception,
            Exception: problems.on_bug,
        },
        lifespan=[lambda _app: hub.open()],
        openapi_config=described(version=VERSION),
        request_class=StrictRequest,
        request_max_body_size=LARGEST_BODY,
        state=State({"services": services}),
    )


def _behind_sign_in() -> Router:
    return Router(
        "/",
        route_handlers=[
            projects.router,
            instances.router,
            deployments.router,
            plans.router,
            rollbacks.router,
            logs.router,
            evidence.router,
            environments.router,
            snapshots.router,
            waivers.router,
            autodeploys.router,
        ],
        guards=[auth.signed_in],
        security=[{BEARER: []}],
        dependencies={
            "caller": Provide(auth.caller, sync_to_thread=False),
            "project_id": Provide(parameters.project_id, sync_to_thread=False),
            "deployment_id": Provide(parameters.deployment_id, sync_to_thread=False),
            "instance_id": Provide(parameters.instance_id, sync_to_thread=False),
            "environment_id": Provide(parameters.environment_id, sync_to_thread=False),
            "environment": Provide(environments.environment_of),
            "snapshot_id": Provide(parameters.snapshot_id, sync_to_thread=False),
            "waiver_id": Provide(parameters.waiver_id, sync_to_thread=False),
        },
    )
