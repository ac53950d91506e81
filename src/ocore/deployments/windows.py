"""How long users wait for an update, as earlier updates of the instance tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from ocore.deployments.model import Deployment, Result, Step
from ocore.deployments.products import Inspected
from ocore.kit.moments import in_seconds

_MOST_COUNTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """How long it will take, None when nobody knows, and why that is thought."""

    milliseconds: int | None
    reason: str


def window_of(deployment: Deployment) -> timedelta | None:
    """Return how long an update kept users waiting at most; None when it stopped nobody."""
    if deployment.target is not None or deployment.previous is None:
        return None
    if not deployment.replaces_data or not deployment.settled(Step.SWITCH):
        return None
    began = next(
        entry.at
        for entry in reversed(deployment.journal)
        if entry.step is Step.SNAPSHOT and entry.result is Result.RUNNING
    )
    switched = deployment.last(Step.SWITCH)
    return switched.at - began if switched is not None else None


def expected_window(inspected: Inspected, newest_first: Sequence[Deployment]) -> Estimate:
    """Return how long this plan will keep users waiting, by what went live before.

    Updates of the same modules tell more than others: theirs count where there are any.
    """
    planned = _names(inspected)
    if not planned:
        return Estimate(milliseconds=0, reason="nothing is updated: nobody waits")
    measured = [(each, window) for each in newest_first if (window := window_of(each)) is not None]
    alike = [pair for pair in measured if planned & _names(pair[0].produced(Inspected))]
    counted = [window for _, window in (alike or measured)[:_MOST_COUNTED]]
    if not counted:
        return Estimate(
            milliseconds=None, reason="no update of this instance has been measured yet"
        )
    which = "the same modules" if alike else "other modules"
    return Estimate(
        milliseconds=round(median(window / timedelta(milliseconds=1) for window in counted)),
        reason=(
            f"the middle of the last {len(counted)} that updated {which}:"
            f" {in_seconds(min(counted))} to {in_seconds(max(counted))}"
        ),
    )


def _names(inspected: Inspected) -> set[str]:
    return {change.name for change in inspected.planned}
