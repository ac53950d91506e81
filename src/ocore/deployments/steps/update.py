"""Update modules: run Odoo's updater, then believe only what the database says."""

from collections.abc import Sequence

from ocore.deployments.evidence import Finding, FindingClass, Gate
from ocore.deployments.model import Deployment, Step
from ocore.deployments.products import Inspected, Snapped, Updated
from ocore.deployments.steps.outcome import Check, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.odoo.addons import InstalledModule
from ocore.odoo.failures import explain, suspicious
from ocore.odoo.plan import PlannedChange
from ocore.odoo.schema import compare
from ocore.runtime import ModuleChange


async def update(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Update what the plan names. Odoo commits module by module, so every try starts clean."""
    await _start_clean(deployment, tools)
    check = Check(gate=Gate.MODULES_UPDATED, name="Modules updated", mode="runtime", now=tools.now)
    inspected = deployment.produced(Inspected)
    warnings: list[str] = []
    before = await tools.databases.schema(deployment.instance)
    try:
        proven = await carry_out(deployment, deployment.instance, tools, warnings)
    except StepFailed as failure:
        raise check.failure(failure, findings=suspicions(warnings)) from failure
    change = compare(before, await tools.databases.schema(deployment.instance))
    await tools.databases.remember_checksums(deployment.instance, inspected.checksums)
    summary = f"proven in the database: {named(proven)}"
    return Outcome(
        detail=summary,
        artifact=Updated(modules=tuple(sorted(module.name for module in proven)), change=change),
        evidence=(check.passed(summary, exit_code=0, warned=bool(warnings)),),
        findings=suspicions(warnings),
    )


async def carry_out(
    deployment: Deployment, instance: Instance, tools: Toolbox, warnings: list[str]
) -> tuple[PlannedChange, ...]:
    """Run the plan in the instance's database and prove it; what deserves a look is added."""
    await _run_updater(deployment, instance, tools, warnings)
    planned = deployment.produced(Inspected).planned
    reason = unproven(planned, await tools.databases.modules(instance))
    if reason:
        card = explain(warnings, modules_root=None)
        raise StepFailed(
            f"Odoo's updater ended without an error, but {reason}",
            card=card.as_json() if card else None,
            exit_code=0,
        )
    return planned


def named(modules: Sequence[PlannedChange]) -> str:
    """Return the modules with their versions, in order."""
    return ", ".join(sorted(f"{module.name} {module.version}" for module in modules))


def unproven(planned: Sequence[PlannedChange], installed: Sequence[InstalledModule]) -> str | None:
    """Return why the database does not bear out the plan, or None when it does.

    An exit code of 0 is no proof: a module with an unmet dependency is skipped with a warning.
    """
    found = {module.name: module for module in installed}
    for plan in planned:
        module = found.get(plan.name)
        if module is None or module.state != "installed":
            state = module.state if module else "unknown to the database"
            return f"{plan.name} should be installed, but is {state}"
        if module.version != plan.version:
            return f"{plan.name} should be at {plan.version}, but is at {module.version}"
    stuck = [module.name for module in installed if module.state.startswith("to ")]
    if stuck:
        return f"left in a transitional state: {', '.join(sorted(stuck))}"
    return None


async def _start_clean(deployment: Deployment, tools: Toolbox) -> None:
    attempt = deployment.attempts(Step.UPDATE)
    if attempt < 2:
        return
    tools.say("An earlier try did not end: starting again from the snapshot")
    await tools.runtime.halt(deployment.instance)
    taken = deployment.produced(Snapped).snapshot
    copy = await tools.snapshots.copy(deployment.instance, taken, f"{taken.id}-{attempt}")
    await tools.snapshots.revert(deployment.instance, copy)


async def _run_updater(
    deployment: Deployment, instance: Instance, tools: Toolbox, warnings: list[str]
) -> None:
    def say(line: str) -> None:
        tools.say(line)
        if suspicious(line):
            warnings.append(line)

    inspected, image = deployment.produced(Inspected), deployment.image
    change = ModuleChange(
        install=tuple(module.name for module in inspected.install),
        update=tuple(module.name for module in inspected.update),
    )
    if image is None:
        raise LookupError("an update without an image")
    await tools.runtime.update(instance, image, change, say=say)


def suspicions(warnings: Sequence[str]) -> tuple[Finding, ...]:
    """Return the lines that deserve a look, as findings."""
    lines = dict.fromkeys(warnings[:20])
    return tuple(found(FindingClass.LOG_ERROR, line[:500]) for line in lines)
