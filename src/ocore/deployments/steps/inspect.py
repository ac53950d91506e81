"""Inspect modules: what the commit would do to this database, decided without touching it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ocore.deployments.evidence import Finding, FindingClass, Gate, GateAction, Severity
from ocore.deployments.model import Deployment
from ocore.deployments.products import Fetched, Inspected
from ocore.deployments.steps.outcome import Check, GateFailed, Hearing, Outcome
from ocore.deployments.steps.room import demand_room
from ocore.deployments.toolbox import Lookout
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.gates.configuration import (
    FILE_NAME,
    BadConfiguration,
    Configuration,
    parse_configuration,
)
from ocore.images.dependencies import merge_dependencies
from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.failures import problem_card
from ocore.odoo.migrations import scripts_to_run
from ocore.odoo.plan import UpdatePlan, plan_update
from ocore.odoo.problems import (
    Problem,
    ProblemKind,
    Target,
    community_modules,
    core_modules,
    find_problems,
    used_modules,
)
from ocore.source import Checkout

CLASSES: Final[dict[ProblemKind, FindingClass]] = {
    ProblemKind.NO_MODULE: FindingClass.MODULE_UNREADABLE,
    ProblemKind.UNREADABLE: FindingClass.MODULE_UNREADABLE,
    ProblemKind.MISSING_DEPENDENCY: FindingClass.MODULE_MISSING_DEPENDENCY,
    ProblemKind.WRONG_SERIES: FindingClass.MODULE_WRONG_SERIES,
    ProblemKind.DEPENDENCY_CYCLE: FindingClass.MODULE_CYCLE,
    ProblemKind.REMOVED_BUT_INSTALLED: FindingClass.MODULE_REMOVED,
    ProblemKind.SCRIPT_UNREACHABLE: FindingClass.MODULE_SCRIPT_UNREACHABLE,
    ProblemKind.NEWER_THAN_CODE: FindingClass.MODULE_NEWER_THAN_CODE,
    ProblemKind.TRANSITIONAL_STATE: FindingClass.MODULE_TRANSITIONAL,
}
WARNINGS: Final = frozenset(
    {
        ProblemKind.SCRIPT_UNREACHABLE,
        ProblemKind.NEWER_THAN_CODE,
        ProblemKind.TRANSITIONAL_STATE,
    }
)
"""Problems that do not keep a commit from going live."""


async def inspect(deployment: Deployment, tools: Lookout) -> Outcome:
    """Plan the update and prove that Odoo could carry it out."""
    check = Check(
        gate=Gate.MODULES_INSTALLABLE, name="Modules installable", mode="static", now=tools.now
    )
    sha = deployment.produced(Fetched).commit.sha
    checkout = await tools.source.checkout(deployment.project, sha)
    installed = await tools.databases.modules(deployment.instance)
    changed = await _changed_paths(deployment, tools, sha)
    target = _target(deployment, installed, changed or ())
    problems = find_problems(checkout.addons, target)
    findings = tuple(_finding(problem) for problem in problems)
    blocking = [problem for problem in problems if problem.kind not in WARNINGS]
    if blocking:
        sentence = "; ".join(problem.sentence for problem in blocking[:3])
        card = problem_card(blocking[0]).as_json()
        raise GateFailed(sentence, check.failed(sentence, failure_card=card), findings=findings)
    try:
        inspected = replace(
            await _inspected(deployment, tools, checkout, installed, changed),
            used=used_modules(checkout.addons, target),
            configuration=_configuration(checkout, check),
        )
    except StepFailed as failure:
        explained = Hearing(tools.say).explained(failure, otherwise="The plan could not be made")
        raise check.failure(explained, findings=findings) from failure
    if inspected.touches_database:
        await demand_room(deployment, tools)
    summary = describe(inspected)
    return Outcome(
        detail=summary,
        artifact=inspected,
        evidence=(check.passed(summary, warned=bool(findings)),),
        findings=findings,
    )


def describe(inspected: Inspected) -> str:
    """Return the plan in words, with the reason for each module."""
    parts = [
        *(f"installs {module.name} ({module.reason})" for module in inspected.install),
        *(f"updates {module.name} ({module.reason})" for module in inspected.update),
    ]
    return "; ".join(parts) or "no module changed since the last success"


async def _inspected(
    deployment: Deployment,
    tools: Lookout,
    checkout: Checkout,
    installed: Sequence[InstalledModule],
    changed: Sequence[str] | None,
) -> Inspected:
    instance = deployment.instance
    remembered = await tools.databases.checksums(instance)
    plan = plan_update(checkout.addons, installed, remembered, wanted=instance.modules)
    for change in (*plan.install, *plan.update):
        tools.say(f"{change.name} {change.version}: {change.reason}")
    usable = [addon for addon in checkout.addons if addon.problem is None and addon.installable]
    return Inspected(
        install=plan.install,
        update=plan.update,
        modules=tuple(addon.path for addon in usable),
        checksums={addon.name: addon.checksum for addon in usable},
        python_dependencies=merge_dependencies(
            checkout.requirements, [name for addon in usable for name in addon.python_dependencies]
        ),
        scripts=_scripts(plan, usable, installed, series=instance.odoo_version),
        changed_files=None if changed is None else len(changed),
    )


def _scripts(
    plan: UpdatePlan,
    addons: Sequence[Addon],
    installed: Sequence[InstalledModule],
    *,
    series: str,
) -> tuple[str, ...]:
    versions = {module.name: module.version for module in installed}
    updated = {change.name for change in plan.update}
    return tuple(
        f"{addon.path}/{script}"
        for addon in addons
        if addon.name in updated
        for script in scripts_to_run(
            addon.migrations,
            installed=versions[addon.name] or "",
            version=addon.version,
            series=series,
        )
    )


def _target(
    deployment: Deployment, installed: Sequence[InstalledModule], changed: Sequence[str]
) -> Target:
    instance = deployment.instance
    return Target(
        series=instance.odoo_version,
        core=_shipped(instance),
        installed=tuple(installed),
        wanted=instance.modules,
        changed_paths=tuple(changed),
    )


def _shipped(instance: Instance) -> frozenset[str]:
    """Return the modules that may come with the instance's Odoo.

    Debian packages the community's; a tree of somebody's own may hold the Enterprise ones too.
    """
    if instance.provider == "debian":
        return community_modules(instance.odoo_version)
    return core_modules(instance.odoo_version)


async def _changed_paths(
    deployment: Deployment, tools: Lookout, sha: str
) -> tuple[str, ...] | None:
    if deployment.previous is None:
        return None
    return await tools.source.changed_paths(deployment.project, deployment.previous.commit_sha, sha)


def _configuration(checkout: Checkout, check: Check) -> Configuration:
    try:
        return parse_configuration(checkout.configuration)
    except BadConfiguration as failure:
        said = str(failure)
        finding = found(FindingClass.SOURCE_CONFIGURATION, said, file=FILE_NAME, line=failure.line)
        raise GateFailed(said, check.failed(said), findings=(finding,)) from failure


def _finding(problem: Problem) -> Finding:
    warning = problem.kind in WARNINGS
    place = {"module": problem.module, "file": problem.file, "line": problem.line}
    return Finding(
        cls=CLASSES[problem.kind],
        severity=Severity.MEDIUM if warning else Severity.HIGH,
        action=GateAction.WARN if warning else GateAction.BLOCK,
        excerpt=problem.sentence,
        metadata=place,
    )
