"""The evidence of a deployment over HTTP, signed, for whoever must believe it elsewhere."""

from litestar import Response, Router, get
from litestar.di import NamedDependency

from ocore.access import Caller, require
from ocore.api.problems import documented
from ocore.api.schemas import View, answer_of, ready
from ocore.api.services import Services
from ocore.deployments.statement import statement_of


class SignatureView(View):
    """A signature, and what names its key."""

    keyid: str
    sig: str


class EnvelopeView(View):
    """A DSSE envelope: an in-toto statement in base64, and who signed it."""

    payload: str
    payload_type: str
    signatures: list[SignatureView]


@get(
    "/deployments/{deploymentId:uuid}/evidence",
    summary="Get the signed evidence of a deployment",
    responses={200: answer_of(EnvelopeView)} | documented(401, 403, 404, 409),
)
async def get_evidence(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Response[bytes]:
    """Return all that is known of a deployment that has ended, signed by the platform."""
    require(caller, "view:deployments")
    requests = services.requests(caller.organization_id)
    deployment = await requests.deployment(project_id, deployment_id)
    return ready(services.signer.sign(statement_of(deployment)).encode())


router = Router("/projects/{projectId:uuid}", route_handlers=[get_evidence], tags=["Deployments"])
