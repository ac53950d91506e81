"""The final sentence on a deployment: what its end means, computed from what really ran."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ocore.deployments.evidence import EvidenceStatus, Gate, Outcome
from ocore.deployments.model import Deployment, Result, Status, Step
from ocore.deployments.pipeline import Hold
from ocore.deployments.products import Snapped
from ocore.gates.profiles import REQUIRED, REQUIRED_OF_ROLLBACK
from ocore.kit.moments import rfc3339

_UNTOUCHED: Final = {
    Status.CANCELLED: "Cancelled before anything live was touched",
    Status.SUPERSEDED: "A newer push took its place",
}
"""Why what ended before the cutover has ended, where no step failed."""


class VerdictStatus(StrEnum):
    """What success means here."""

    CLEAN = "clean"
    CLEAN_WITH_WARNINGS = "clean_with_warnings"
    WAIVED = "waived"
    UNVERIFIED = "unverified"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One word, a label for lists, and the reason in a sentence.

    `waived`: somebody accepted what a check found, however it ended.
    """

    status: VerdictStatus
    label: str
    reason: str
    waived: bool = False

    @property
    def clean(self) -> bool:
        return self.status is VerdictStatus.CLEAN


def required_gates(deployment: Deployment) -> frozenset[Gate]:
    """Return the gates that a success needs evidence of."""
    if deployment.target is not None:
        return REQUIRED_OF_ROLLBACK
    return REQUIRED[deployment.profile]


def judge(deployment: Deployment, status: Status) -> Verdict:
    """Judge a deployment that ends with this status by its journal."""
    waived = any(item.status is EvidenceStatus.WAIVED for item in deployment.evidence)
    return replace(_judged(deployment, status), waived=waived)


def _judged(deployment: Deployment, status: Status) -> Verdict:
    if status is not Status.SUCCEEDED:
        return _judge_unsuccessful(deployment, status)
    missing = required_gates(deployment) - {
        item.gate for item in deployment.evidence if item.passed
    }
    if missing:
        names = ", ".join(sorted(missing))
        return _verdict(VerdictStatus.UNVERIFIED, "Live, unverified", f"no evidence of {names}")
    accepted = [item.waiver for item in deployment.evidence if item.waiver is not None]
    if accepted:
        reason = "; ".join(f"{each.gate} by {each.actor}: {each.reason}" for each in accepted)
        return _verdict(VerdictStatus.WAIVED, "Live, waived", f"accepted were {reason}")
    warnings = [item for item in deployment.evidence if item.outcome is Outcome.WARN]
    if warnings:
        reason = "; ".join(f"{item.gate}: {item.summary}" for item in warnings)
        return _verdict(VerdictStatus.CLEAN_WITH_WARNINGS, "Live, with warnings", reason)
    return _verdict(VerdictStatus.CLEAN, "Live", "every required check ran and passed")


def error_message(deployment: Deployment, status: Status) -> str | None:
    """Return the sentence people read first when a deployment did not succeed."""
    return None if status is Status.SUCCEEDED else _why(deployment, status)


def _why(deployment: Deployment, status: Status) -> str:
    if status in _UNTOUCHED:
        return _UNTOUCHED[status]
    reason = _reason(deployment)
    undo = deployment.last(Step.ROLL_BACK)
    if undo is not None and undo.result is Result.FAILED:
        return f"{reason}. The rollback failed too: {undo.detail}. {_by_hand(deployment)}"
    return reason


def waiting_message(deployment: Deployment, hold: Hold) -> str:
    """Return the sentence people read while a deployment waits for one of them."""
    gates = ", ".join(hold.gates)
    return (
        f"{_what_failed(deployment)}. Nothing live has changed. Waiting until"
        f" {rfc3339(hold.until)} for a waiver of {gates}, or a cancel"
    )


def _judge_unsuccessful(deployment: Deployment, status: Status) -> Verdict:
    labels = {
        Status.CANCELLED: "Cancelled",
        Status.ROLLED_BACK: "Rolled back",
        Status.SUPERSEDED: "Superseded",
    }
    return _verdict(VerdictStatus.FAILED, labels.get(status, "Failed"), _why(deployment, status))


def _reason(deployment: Deployment) -> str:
    failure = deployment.failure()
    if failure is None:
        return "Cancelled during the cutover; the earlier version is live again"
    if failure.waits_until is None:
        return _what_failed(deployment)
    return f"{_what_failed(deployment)}. Nobody accepted that until {rfc3339(failure.waits_until)}"


def _what_failed(deployment: Deployment) -> str:
    failure = deployment.failure()
    if failure is None:
        raise LookupError("nothing failed")
    return f"{failure.step}: {failure.detail}"


def _by_hand(deployment: Deployment) -> str:
    """Say what a person must do, because we could not."""
    snapped, previous = deployment.find(Snapped), deployment.previous
    if previous is None:
        return "By hand: remove what the message names and deploy again"
    again = f"deploy commit {previous.commit_sha} again"
    if snapped is None or not deployment.replaces_data:
        return f"By hand: {again}"
    return (
        f"By hand: once that is mended, POST /environments/{deployment.instance.id}/rollback"
        f' {{"snapshotId": "{snapped.snapshot.id}"}} brings data and code back. Where database'
        f" {snapped.snapshot.location} is gone, the data is back already: {again}"
    )


def _verdict(status: VerdictStatus, label: str, reason: str) -> Verdict:
    return Verdict(status=status, label=label, reason=reason)
