"""Start: let the colour that is not live run the new image."""

from ocore.deployments.model import Deployment
from ocore.deployments.products import Started
from ocore.deployments.steps.outcome import Outcome
from ocore.deployments.toolbox import Toolbox


async def start(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Start the idle colour, without crons; the health check decides whether it is any good."""
    image = deployment.image
    if image is None:
        raise LookupError("a start without an image")
    colour = deployment.colour
    endpoint = await tools.runtime.start(deployment.instance, image, colour)
    return Outcome(
        detail=f"{colour} runs {image.tag} on port {endpoint.http_port}",
        artifact=Started(colour=colour, endpoint=endpoint),
    )
