"""Push image: let a registry keep it, while the earlier version still serves."""

from ocore.deployments.model import Deployment
from ocore.deployments.products import Built, Pushed
from ocore.deployments.steps.outcome import Outcome
from ocore.deployments.toolbox import Toolbox


async def push(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Push what was built; a rollback to it may need it when this machine has lost it."""
    image = deployment.produced(Built).image
    reference = await tools.images.push(image, say=tools.say)
    return Outcome(detail=f"pushed {reference}", artifact=Pushed(reference=reference))
