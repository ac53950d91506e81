"""Fetch source: bring the commit here and prove that its tree keeps the rules."""

from ocore.deployments.evidence import Finding, FindingClass, Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Fetched
from ocore.deployments.steps.outcome import Check, Hearing, Outcome
from ocore.deployments.toolbox import Lookout
from ocore.errors import StepFailed
from ocore.gates.catalog import found


async def fetch(deployment: Deployment, tools: Lookout) -> Outcome:
    """Resolve the ref once; from here on the SHA counts, wherever the branch goes."""
    check = Check(gate=Gate.SOURCE_INTEGRITY, name="Source integrity", mode="static", now=tools.now)
    hear = Hearing(tools.say)
    try:
        commit = await tools.source.fetch(
            deployment.project, deployment.ref, sha=deployment.pinned_sha, say=hear
        )
        checkout = await tools.source.checkout(deployment.project, commit.sha)
    except StepFailed as failure:
        explained = hear.explained(failure, otherwise="The source could not be fetched")
        broken = found(FindingClass.SOURCE_TREE, str(failure))
        raise check.failure(explained, findings=(broken,)) from failure
    findings = await _moved_branch(deployment, tools, commit.sha)
    subject = commit.message.partition("\n")[0]
    summary = f"commit {commit.sha[:12]} with {len(checkout.addons)} modules"
    return Outcome(
        detail=f"{commit.sha[:12]} “{subject}” by {commit.author}",
        artifact=Fetched(commit=commit),
        evidence=(check.passed(summary, warned=bool(findings)),),
        findings=findings,
    )


async def _moved_branch(deployment: Deployment, tools: Lookout, sha: str) -> tuple[Finding, ...]:
    branch = deployment.ref.branch
    if branch is None or deployment.ref.commit_sha is not None:
        return ()
    head = await tools.source.branch_head(deployment.project, branch)
    if head is None or head == sha:
        return ()
    return (
        found(
            FindingClass.SOURCE_BRANCH_MOVED,
            f"{branch} is at {head[:12]} by now; {sha[:12]} was asked for and is deployed",
            branch=branch,
            deployed=sha,
            head=head,
        ),
    )
