"""Prepare and restore: the two steps that only a rollback has."""

from ocore.artifacts import Image
from ocore.deployments.evidence import Finding, FindingClass
from ocore.deployments.model import Deployment, RollbackTarget, Step
from ocore.deployments.products import Prepared
from ocore.deployments.steps.harmless import foreign_copy
from ocore.deployments.steps.outcome import Outcome
from ocore.deployments.steps.room import demand_room
from ocore.deployments.toolbox import Toolbox
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.snapshots import TableLoss, changes_by_table, rows_by_table


async def prepare(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Do all that can be done while the present still serves: find the image, copy the data."""
    target = _target(deployment)
    image = await tools.images.find(target.image)
    if image is None:
        raise StepFailed(
            f"the image {target.image} is gone; deploy commit {target.commit.sha} instead"
        )
    if not target.restores_data:
        prepared = Prepared(image=image, target=target.snapshot, copy=None)
        return Outcome(detail=f"{image.tag} is ready; the data stays", artifact=prepared)
    if target.source is not None:
        return await _prepare_foreign(deployment, target, image, tools)
    # Twice: the copy to put in place, and the safety snapshot of the present.
    await demand_room(deployment, tools, copies=2)
    findings = await _losses(deployment, target, tools)
    copy = await tools.snapshots.copy(deployment.instance, target.snapshot, f"{deployment.id}-copy")
    return Outcome(
        detail=f"{image.tag} and a copy of snapshot {target.snapshot.id} are ready",
        artifact=Prepared(image=image, target=target.snapshot, copy=copy),
        findings=findings,
    )


async def _prepare_foreign(
    deployment: Deployment, target: RollbackTarget, image: Image, tools: Toolbox
) -> Outcome:
    """Nothing is compared: all data of this environment gives way to another's."""
    await demand_room(deployment, tools, beside=target.snapshot.size_bytes)
    copy = await foreign_copy(deployment, target, image, tools)
    source = target.source.name if target.source else ""
    return Outcome(
        detail=f"{image.tag} and the data of {source}, snapshot {target.snapshot.id}, are ready;"
        " neutralized",
        artifact=Prepared(image=image, target=target.snapshot, copy=copy),
    )


async def restore(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Put the prepared data in place; the present was saved by the step before."""
    prepared = deployment.produced(Prepared)
    if deployment.attempts(Step.RESTORE) > 1:
        await tools.runtime.halt(deployment.instance)
    if prepared.copy is None:
        raise LookupError("a restore without a copy")
    await tools.snapshots.revert(deployment.instance, prepared.copy)
    return Outcome(detail=f"snapshot {prepared.target.id} is in place")


async def _losses(
    deployment: Deployment, target: RollbackTarget, tools: Toolbox
) -> tuple[Finding, ...]:
    losses = await tools.snapshots.losses(deployment.instance, target.snapshot)
    if losses is None:
        tools.say("What the rollback takes away cannot be counted for this kind of snapshot")
        return ()
    if not losses:
        return ()
    excerpt = "; ".join(_sentence(loss) for loss in losses[:8])
    more = f"; and {len(losses) - 8} more tables" if len(losses) > 8 else ""
    tools.say(f"Done since the snapshot, and undone by going back: {excerpt}{more}")
    return (
        found(
            FindingClass.DATA_LOSS,
            f"undone by going back: {excerpt}{more}",
            rowsByTable=rows_by_table(losses),
            changesByTable=changes_by_table(losses),
        ),
    )


def _sentence(loss: TableLoss) -> str:
    known = ", ".join(f"{count} {kind}" for kind, count in loss.changes.items() if count)
    return f"{loss.table} {known or f'{loss.rows:+d} rows'}"


def _target(deployment: Deployment) -> RollbackTarget:
    if deployment.target is None:
        raise LookupError("a rollback without a target")
    return deployment.target
