"""What to do next, decided from the journal and the time alone.

A worker may die between any two lines of this program. The next worker asks the same question
about the same journal and gets the same answer; that is the whole of our crash recovery.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ocore.deployments.evidence import Evidence, EvidenceStatus, Gate
from ocore.deployments.model import Deployment, Entry, Result, Status, Step
from ocore.deployments.products import Built
from ocore.deployments.waivers import Waiver
from ocore.gates.kinds import GATES

FLOW: Final = (
    Step.FETCH,
    Step.INSPECT,
    Step.VALIDATE,
    Step.BUILD,
    Step.REHEARSE,
    Step.SNAPSHOT,
    Step.UPDATE,
    Step.START,
    Step.HEALTH,
    Step.SWITCH,
    Step.VERIFY,
)
_BUILT: Final = FLOW.index(Step.BUILD) + 1
PUSHED_FLOW: Final = (*FLOW[:_BUILT], Step.PUSH, *FLOW[_BUILT:])
ROLLBACK_FLOW: Final = (
    Step.PREPARE,
    Step.SNAPSHOT,
    Step.RESTORE,
    Step.START,
    Step.HEALTH,
    Step.SWITCH,
    Step.VERIFY,
)
MOST_ATTEMPTS: Final = 3
"""A step that took its worker down with it this often is not tried again."""


@dataclass(frozen=True, slots=True)
class Run:
    """Do this step."""

    step: Step


@dataclass(frozen=True, slots=True)
class Skip:
    """There is nothing to do in this step."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The step began too often and never ended."""

    step: Step


@dataclass(frozen=True, slots=True)
class Hold:
    """Wait until somebody accepts what these gates found, or until that moment."""

    gates: tuple[Gate, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class Waive:
    """Go on after this step although its gates failed: these waivers accept all they found."""

    step: Step
    waivers: tuple[Waiver, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do."""

    status: Status


Move = Run | Skip | GiveUp | Hold | Waive | Finish


class CancelEffect(StrEnum):
    """What a cancel would do now."""

    CANCELS = "yes"
    ROLLS_BACK = "becomes_rollback"
    REFUSED = "no"


def flow_of(deployment: Deployment) -> tuple[Step, ...]:
    """Return the steps of this kind of deployment, in order."""
    if deployment.target is not None:
        return ROLLBACK_FLOW
    built = deployment.find(Built)
    return FLOW if built is None or built.image.registry is None else PUSHED_FLOW


def next_move(deployment: Deployment, *, now: datetime) -> Move:
    """Return the one thing to do next."""
    failure = deployment.failure()
    if failure is not None and failure.waits_until is not None:
        return _held(deployment, failure, failure.waits_until, now)
    if failure or _unwinds_for_cancel(deployment):
        return _unwind(deployment)
    if deployment.cancel_requested and cancel_effect(deployment) is CancelEffect.CANCELS:
        return Finish(Status.CANCELLED)
    for step in flow_of(deployment):
        if not deployment.settled(step):
            return _begin(deployment, step)
    return Finish(Status.SUCCEEDED)


def may_wait(deployment: Deployment, evidence: Iterable[Evidence]) -> bool:
    """Say whether a step that failed by these checks may wait for a person who accepts that.

    Not once the cutover began: users wait. Nor for a check that makes what the next step needs.
    """
    blocking = [item for item in evidence if item.blocks]
    return (
        bool(blocking)
        and all(GATES[item.gate].waivable for item in blocking)
        and not cutover_began(deployment)
    )


def waived(deployment: Deployment, move: Waive, *, now: datetime) -> Entry:
    """Return the line that lets a failed step pass, with what it found accepted."""
    by_gate = {each.gate: replace(each, used_at=each.used_at or now) for each in move.waivers}
    said = [f"{each.gate} waived by {each.actor}: {each.reason}" for each in move.waivers]
    return Entry(
        step=move.step,
        result=Result.SUCCEEDED,
        at=now,
        attempt=max(deployment.attempts(move.step), 1),
        detail="; ".join(said),
        evidence=tuple(
            replace(item, status=EvidenceStatus.WAIVED, waiver=by_gate[item.gate])
            for item in deployment.evidence
            if item.blocks and item.gate in by_gate
        ),
    )


def cutover_began(deployment: Deployment) -> bool:
    """Say whether the live instance may have been touched.

    An update or a rollback stops the live colour to take its snapshot; a deployment that leaves
    the database alone touches nothing before the new colour starts beside the old one.
    """
    stops_serving = deployment.replaces_data and deployment.began(Step.SNAPSHOT)
    return stops_serving or deployment.began(Step.START)


def cancel_effect(deployment: Deployment) -> CancelEffect:
    """Say what a cancel would do at this moment."""
    if deployment.began(Step.SWITCH) or deployment.began(Step.ROLL_BACK):
        return CancelEffect.REFUSED
    if cutover_began(deployment):
        return CancelEffect.ROLLS_BACK
    return CancelEffect.CANCELS


def cuts_short(deployment: Deployment) -> bool:
    """Say whether a wanted cancel may interrupt the step that is at work."""
    if deployment.failure() is not None:
        return False
    return deployment.cancel_requested and (cancel_effect(deployment) is not CancelEffect.REFUSED)


def _held(deployment: Deployment, failure: Entry, until: datetime, now: datetime) -> Move:
    if deployment.cancel_requested:
        return Finish(Status.CANCELLED)
    gates = [item.gate for item in failure.evidence if item.blocks]
    waivers = {each.gate: each for each in deployment.waivers if each.counts(now)}
    unanswered = tuple(gate for gate in gates if gate not in waivers)
    if not unanswered:
        return Waive(failure.step, tuple(waivers[gate] for gate in gates))
    if now >= until:
        return Finish(Status.FAILED)
    return Hold(unanswered, until)


def _begin(deployment: Deployment, step: Step) -> Move:
    if deployment.attempts(step) >= MOST_ATTEMPTS:
        return GiveUp(step)
    if step is Step.UPDATE and not deployment.replaces_data:
        return Skip(step, "no module changed since the last success")
    if step is Step.REHEARSE and (reason := _nothing_to_rehearse(deployment)):
        return Skip(step, reason)
    if step is Step.RESTORE and not deployment.replaces_data:
        return Skip(step, "only the code goes back; the data stays as it is")
    return Run(step)


def _nothing_to_rehearse(deployment: Deployment) -> str | None:
    """Return why an update is not tried on a copy of the data first; None when it is."""
    if not deployment.replaces_data:
        return "no module changed since the last success"
    if deployment.previous is None:
        return "the instance has no data yet"
    if not deployment.instance.rehearses:
        return f"this {deployment.instance.environment} instance does not rehearse its updates"
    return None


def _unwinds_for_cancel(deployment: Deployment) -> bool:
    if not deployment.cancel_requested:
        return False
    return deployment.began(Step.ROLL_BACK) or (
        cancel_effect(deployment) is CancelEffect.ROLLS_BACK
    )


def _unwind(deployment: Deployment) -> Move:
    if not cutover_began(deployment):
        return Finish(Status.FAILED)
    last = deployment.last(Step.ROLL_BACK)
    if last is not None and last.result is Result.SUCCEEDED:
        return Finish(Status.ROLLED_BACK)
    if last is not None and last.result is Result.FAILED:
        return Finish(Status.FAILED)
    if deployment.attempts(Step.ROLL_BACK) >= MOST_ATTEMPTS:
        return GiveUp(Step.ROLL_BACK)
    return Run(Step.ROLL_BACK)
