"""Copies of data that must not reach people: made harmless, and proven to be."""

from ocore.artifacts import Image, Snapshot
from ocore.deployments.model import Deployment, RollbackTarget
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.rehearsals import stand_in


async def neutralize(instance: Instance, image: Image, tools: Toolbox) -> None:
    """Run Odoo's own neutralization on the stand-in of an instance, and look at what it left."""
    await tools.runtime.neutralize(stand_in(instance), image, say=tools.say)
    reason = await tools.rehearsals.harmful(instance)
    if reason:
        raise StepFailed(f"the copy of the data could still reach people: {reason}")


async def foreign_copy(
    deployment: Deployment, target: RollbackTarget, image: Image, tools: Toolbox
) -> Snapshot:
    """Return another environment's data as a copy to put in place; harmless before it has a name.

    It is made in the stand-in, whose role owns nothing else: neither side can be reached from it.
    """
    instance = deployment.instance
    source = target.source.name if target.source else ""
    try:
        await tools.runtime.halt(stand_in(instance))
        tools.say(f"Copying the data of {source} from its dump, and neutralizing it")
        await tools.rehearsals.receive(instance, target.snapshot)
        await neutralize(instance, image, tools)
        return await tools.rehearsals.hand_over(instance, f"{deployment.id}-copy")
    finally:
        await throw_away(instance, tools)


async def throw_away(instance: Instance, tools: Toolbox) -> None:
    """Remove the stand-in, and whatever still runs in it."""
    await tools.runtime.halt(stand_in(instance))
    await tools.rehearsals.discard(instance)
