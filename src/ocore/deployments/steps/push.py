"""Push image: let a registry keep it, while the earlier version still serves."""

from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Built, Pushed
from ocore.deployments.steps.outcome import Check, Hearing, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.errors import StepFailed


async def push(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Push what was built; a rollback to it may need it when this machine has lost it."""
    check = Check(gate=Gate.BUILD_IMAGE, name="Push image", mode="static", now=tools.now)
    image, hear = deployment.produced(Built).image, Hearing(tools.say)
    try:
        reference = await tools.images.push(image, say=hear)
    except StepFailed as failure:
        explained = hear.explained(failure, otherwise="The image could not be pushed")
        raise check.failure(explained) from failure
    return Outcome(
        detail=f"pushed {reference}",
        artifact=Pushed(reference=reference),
        evidence=(check.passed(f"pushed {reference}", artifact_refs=(reference,)),),
    )
