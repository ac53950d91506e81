"""Switch traffic: the new colour serves, the old one ends what it began and stops."""

from ocore.artifacts import Image
from ocore.deployments.model import Deployment
from ocore.deployments.products import Started
from ocore.deployments.steps.crons import stop_crons
from ocore.deployments.steps.outcome import Outcome
from ocore.deployments.toolbox import Toolbox


async def switch(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Route, drain, and hand over the crons, in that order."""
    instance, started = deployment.instance, deployment.produced(Started)
    image: Image | None = deployment.image
    if image is None:
        raise LookupError("a switch without an image")
    await tools.proxy.route(instance, started.endpoint)
    tools.say(f"{instance.host} is served by {started.colour}")
    if deployment.previous is not None and deployment.previous.colour is not started.colour:
        await tools.runtime.stop(instance, deployment.previous.colour)
    # Crons move last and in two calls: between them nobody runs any, never both.
    findings = await stop_crons(deployment, tools)
    await tools.crons.start(instance, image)
    return Outcome(detail=f"{instance.host} is served by {started.colour}", findings=findings)
