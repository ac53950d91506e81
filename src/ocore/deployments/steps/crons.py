"""Scheduled actions before the version changes: none begins, and who is cut becomes a finding."""

from ocore.deployments.evidence import Finding, FindingClass
from ocore.deployments.model import Deployment
from ocore.deployments.toolbox import Toolbox
from ocore.gates.catalog import found


async def stop_crons(deployment: Deployment, tools: Toolbox) -> tuple[Finding, ...]:
    """Stop the crons; return a finding for each action that did not end in time."""
    cut = await tools.crons.stop(deployment.instance, say=tools.say)
    return tuple(
        found(
            FindingClass.CRON_INTERRUPTED,
            f"“{action.name}” was cut after {action.seconds:.0f} s; Odoo runs it again",
            name=action.name,
            seconds=round(action.seconds, 1),
        )
        for action in cut
    )
