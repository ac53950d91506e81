"""Validate: the gates that need no running Odoo, side by side, before anything is built."""

from collections.abc import Sequence
from dataclasses import replace

from ocore.deployments.evidence import Evidence, EvidenceStatus
from ocore.deployments.model import Deployment
from ocore.deployments.products import Fetched, Inspected
from ocore.deployments.steps.outcome import GateFailed, Outcome
from ocore.deployments.toolbox import Lookout
from ocore.deployments.verdict import required_gates
from ocore.deployments.weights import tables_of, weighed
from ocore.errors import StepFailed
from ocore.gates import GateRun, Order, Tree
from ocore.gates.kinds import GATES
from ocore.odoo.plan import PRESENT
from ocore.source import Checkout


async def validate(deployment: Deployment, tools: Lookout) -> Outcome:
    """Run the gates; a required one that fails, or cannot run, keeps the commit from going on."""
    order = await order_of(deployment, tools)
    runs = await _weighed(deployment, tools, await tools.gates.run(order, say=tools.say))
    evidence = tuple(evidence_of(run, deployment) for run in runs)
    findings = tuple(
        finding for run in runs if run.report is not None for finding in run.report.findings
    )
    for item in evidence:
        tools.say(f"{item.gate}: {item.status}: {item.summary}")
    blocking = [item for item in evidence if item.blocks]
    if blocking:
        others = [item for item in evidence if not item.blocks]
        raise GateFailed(_sentence(blocking), *blocking, *others, findings=findings)
    return Outcome(detail=_detail(evidence), evidence=evidence, findings=findings)


async def order_of(deployment: Deployment, tools: Lookout) -> Order:
    """Return what is to be checked: the modules at stake, beside what is live now."""
    inspected, instance = deployment.produced(Inspected), deployment.instance
    sha = deployment.produced(Fetched).commit.sha
    checkout = await tools.source.checkout(deployment.project, sha)
    previous, unreadable = await _previous(deployment, inspected, tools)
    return Order(
        tree=_tree(checkout, inspected.used),
        previous=previous,
        unreadable=unreadable,
        series=instance.odoo_version,
        provider=instance.provider,
        source=instance.source,
        installed=tuple(
            sorted(
                each.name
                for each in await tools.databases.modules(instance)
                if each.state in PRESENT
            )
        ),
        crons=await tools.databases.crons(instance),
        configuration=inspected.configuration,
    )


def evidence_of(run: GateRun, deployment: Deployment) -> Evidence:
    """Return the record of one run. What could not run is an error, never a pass."""
    facts, report = GATES[run.gate], run.report
    status = EvidenceStatus.ERROR
    if report is not None:
        status = EvidenceStatus.FAILED if report.blocks else EvidenceStatus.PASSED
    return Evidence(
        gate=run.gate,
        name=facts.title,
        status=status,
        summary=report.summary if report else f"could not run: {run.failure}",
        mode=facts.mode,
        started_at=run.started_at,
        completed_at=run.completed_at,
        required=run.gate in required_gates(deployment),
        warned=report is not None and report.warns,
        failure_card=report.card if report else None,
    )


async def _weighed(
    deployment: Deployment, tools: Lookout, runs: Sequence[GateRun]
) -> tuple[GateRun, ...]:
    """Return the runs with their findings judged by the rows that this database has."""
    findings = [each for run in runs if run.report is not None for each in run.report.findings]
    rows = await tools.databases.rows(deployment.instance, tables_of(findings))
    return tuple(
        run
        if run.report is None
        else replace(
            run,
            report=replace(
                run.report, findings=tuple(weighed(each, rows) for each in run.report.findings)
            ),
        )
        for run in runs
    )


async def _previous(
    deployment: Deployment, inspected: Inspected, tools: Lookout
) -> tuple[Tree | None, str | None]:
    """Return what is live, or why it cannot be read: its commit may have left the repository."""
    live = deployment.previous
    if live is None:
        return None, None
    try:
        checkout = await tools.source.checkout(deployment.project, live.commit_sha)
    except StepFailed as failure:
        return None, f"the live commit {live.commit_sha[:12]} cannot be read: {failure}"
    return _tree(checkout, inspected.used), None


def _tree(checkout: Checkout, names: Sequence[str]) -> Tree:
    wanted = frozenset(names)
    usable = [each for each in checkout.addons if each.installable and each.name in wanted]
    return Tree(path=checkout.path, modules={each.name: each.path for each in usable})


def _detail(evidence: Sequence[Evidence]) -> str:
    """Return what matters; all that each gate saw stands in its evidence."""
    quiet = [item.gate for item in evidence if item.passed and not item.warned]
    loud = [f"{item.gate}: {item.summary}" for item in evidence if item.gate not in quiet]
    return "; ".join([*([f"{', '.join(quiet)}: passed"] if quiet else []), *loud])


def _sentence(blocking: Sequence[Evidence]) -> str:
    said = [
        str(item.failure_card["cause"]) if item.failure_card else f"{item.gate} {item.summary}"
        for item in blocking
    ]
    return "; ".join(said)
