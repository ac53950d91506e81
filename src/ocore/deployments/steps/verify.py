"""Verify: watch the new colour for a moment and record what its log says."""

from ocore.deployments.evidence import Finding, FindingClass, Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Started
from ocore.deployments.steps.outcome import Check, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.deployments.wayback import way_back
from ocore.gates.catalog import found
from ocore.odoo.failures import error_classes

_LOG_LINES = 2000


async def verify(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Compare error classes of the new colour's log with the old one's; findings, no verdict.

    One logged error is no failure: the checks before the switch have judged the version.
    """
    check = Check(gate=Gate.RUNTIME_LOGS, name="Runtime logs", mode="runtime", now=tools.now)
    await tools.wait(tools.verify_seconds)
    instance, colour = deployment.instance, deployment.produced(Started).colour
    now = error_classes(await tools.watch.log_tail(instance, colour, _LOG_LINES))
    before = error_classes(await tools.watch.log_tail(instance, colour.other, _LOG_LINES))
    new = {key: line for key, line in now.items() if key not in before}
    findings = tuple(
        found(FindingClass.LOG_ERROR, line[:500], confidence=0.6) for line in new.values()
    )
    seen = f"{len(new)} new kinds of errors" if new else "no new kind of error"
    summary = f"{seen} in the log, {tools.verify_seconds:.0f} s after the switch"
    evidence = check.passed(summary, required=False, warned=bool(new))
    findings = (*findings, _way_back(deployment))
    return Outcome(detail=summary, evidence=(evidence,), findings=findings)


def _way_back(deployment: Deployment) -> Finding:
    """Say what going back will take, before anybody needs it."""
    way = way_back(deployment)
    return found(
        FindingClass.ROLLBACK_CLASS,
        "; ".join([f"to go back is {way.cls}", *way.reasons]),
        rollbackClass=way.cls,
        reasons=list(way.reasons),
    )
