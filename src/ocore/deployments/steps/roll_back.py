"""Roll back: after a failure in the cutover, the earlier code and data serve again."""

from collections.abc import Awaitable

from ocore.deployments.model import Deployment, Step
from ocore.deployments.products import Reverted, Snapped
from ocore.deployments.steps.health import answering
from ocore.deployments.steps.outcome import Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Live
from ocore.errors import StepFailed
from ocore.proxy import ProxyAway


async def roll_back(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Undo whatever was done, by restoring rather than by reversing. May be repeated."""
    instance = deployment.instance
    reverted = None
    if deployment.replaces_data:
        reverted = await _restore_data(deployment, tools)
    if deployment.previous is None:
        await tools.runtime.halt(instance)
        await _tell(tools, tools.proxy.remove(instance))
        return Outcome(detail="the instance is empty again, as it was before", artifact=reverted)
    await _serve(deployment, deployment.previous, tools)
    return Outcome(
        detail=f"{deployment.previous.colour} serves commit {deployment.previous.commit_sha[:12]}"
        " again",
        artifact=reverted,
    )


async def _restore_data(deployment: Deployment, tools: Toolbox) -> Reverted | None:
    instance = deployment.instance
    if deployment.previous is not None:
        await _tell(tools, tools.proxy.hold(deployment.served))
    await tools.runtime.halt(instance)
    snapped = deployment.find(Snapped)
    changed = deployment.began(Step.UPDATE) or deployment.began(Step.RESTORE)
    if snapped is None or not changed:
        return None
    await tools.snapshots.revert(instance, snapped.snapshot)
    tools.say(f"Snapshot {snapped.snapshot.id} is back in place")
    return Reverted(snapshot_id=snapped.snapshot.id)


async def _serve(deployment: Deployment, previous: Live, tools: Toolbox) -> None:
    instance = deployment.instance
    image = await tools.images.find(previous.image)
    if image is None:
        raise StepFailed(
            f"the image {previous.image} is gone; deploy commit {previous.commit_sha} again"
        )
    endpoint = await tools.runtime.start(instance, image, previous.colour)
    await answering(instance, endpoint, colour=previous.colour, tools=tools)
    await _tell(tools, tools.proxy.route(instance, endpoint))
    # Not earlier: where the switch had got far enough, this one served until now.
    await tools.runtime.stop(instance, previous.colour.other)
    await tools.crons.start(instance, image)


async def _tell(tools: Toolbox, order: Awaitable[None]) -> None:
    """Tell the proxy. One that is away will know when it returns: no reason to leave the rest."""
    try:
        await order
    except ProxyAway as away:
        tools.say(f"{away}. It does what it was told as soon as it runs again")
