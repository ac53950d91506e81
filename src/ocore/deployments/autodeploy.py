"""Deploying on push: which branches an instance takes, and when a push makes no deployment.

Decisions on values only. After a rollback the commit that was left is not deployed again by itself:
whoever went back did so because of it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from ocore.source.pushes import Push


class Mode(StrEnum):
    """Whether pushes are deployed: `paused` for one commit, after a rollback."""

    OFF = "off"
    ACTIVE = "active"
    PAUSED = "paused"


class Outcome(StrEnum):
    """What became of a push, for one instance."""

    QUEUED = "queued"
    REPEATED = "repeated"
    IN_LINE = "in_line"
    LIVE = "live"
    PAUSED = "paused"
    OUTDATED = "outdated"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoDeploy:
    """What an instance wants of pushes. In `branch_pattern`, `*` stands for any characters."""

    instance_id: str
    enabled: bool = False
    branch_pattern: str | None = None
    updated_at: datetime | None = None

    def takes(self, branch: str) -> bool:
        """Say whether pushes to this branch are deployed here."""
        # The other letters that mean something to fnmatch cannot be part of a branch's name.
        pattern = self.branch_pattern
        return self.enabled and pattern is not None and fnmatchcase(branch, pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The last deployment in an instance's line; its commit is None until it is known."""

    deployment_id: str
    commit_sha: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """A time when an instance went back, or is about to.

    `deployment_id` is what goes back: a rollback, or a deployment that failed after its cutover
    began. `left` is the commit behind which it goes (None: what is live now), and `to` the one it
    goes to. Queued after it were `pushed_since`, the first commit that came by a push, and `again`:
    the commit that was left, which went live.
    """

    deployment_id: str
    left: str | None
    to: str | None
    since: datetime
    ended: bool
    pushed_since: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an instance stands when a push comes. Rollbacks are those since the last resume.

    `pushed` is the last push that a deployment was made of.
    """

    live: str | None = None
    last: Waiting | None = None
    pushed: Push | None = None
    rollbacks: tuple[Rollback, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One commit is not deployed by a push, because of what went back behind it."""

    deployment_id: str
    commit_sha: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a push, and why. The deployment is the one that is or was made of it."""

    outcome: Outcome
    reason: str
    deployment_id: str | None = None
    pause: Pause | None = None


def pauses_of(standing: Standing) -> tuple[Pause, ...]:
    """Return which commits are paused, newest first.

    A pause ends when somebody resumes it, when another commit is pushed, or when a person deploys
    that commit again and it goes live.
    """
    newest_first = sorted(standing.rollbacks, key=lambda each: each.since, reverse=True)
    found: dict[str, Pause] = {}
    for back in newest_first:
        pause = _pause(back, standing.live)
        if pause is not None:
            found.setdefault(pause.commit_sha, pause)
    return tuple(found.values())


def mode_of(setting: AutoDeploy, standing: Standing) -> Mode:
    """Say whether pushes are deployed to an instance."""
    if not setting.enabled:
        return Mode.OFF
    return Mode.PAUSED if pauses_of(standing) else Mode.ACTIVE


def decide(standing: Standing, push: Push) -> Decision:
    """Return what becomes of a push."""
    commit_sha = push.commit_sha
    paused = {each.commit_sha: each for each in pauses_of(standing)}
    pause, last = paused.get(commit_sha), standing.last
    if pause is not None:
        return Decision(
            outcome=Outcome.PAUSED,
            reason=(
                f"auto-deploy of {commit_sha[:12]} is paused, for {pause.deployment_id} went back"
                " behind it: push a newer commit, resume auto-deploy, or deploy it by hand"
            ),
            pause=pause,
        )
    if last is not None and last.commit_sha == commit_sha:
        return Decision(
            outcome=Outcome.IN_LINE,
            reason=f"a deployment of {commit_sha[:12]} is the last in line already",
            deployment_id=last.deployment_id,
        )
    if last is None and standing.live == commit_sha:
        return Decision(outcome=Outcome.LIVE, reason=f"{commit_sha[:12]} is live already")
    if standing.pushed is not None and _precedes(push, standing.pushed):
        return Decision(
            outcome=Outcome.OUTDATED,
            reason=f"the push to {push.branch} that follows {commit_sha[:12]} was here before it",
        )
    return Decision(outcome=Outcome.QUEUED, reason=f"{commit_sha[:12]} is queued")


def repeated(deployment_id: str) -> Decision:
    """Return what becomes of a delivery that made this deployment before."""
    return Decision(
        outcome=Outcome.REPEATED,
        reason="this delivery was received before; it made no second deployment",
        deployment_id=deployment_id,
    )


def _precedes(push: Push, seen: Push) -> bool:
    """Say whether a push comes before one that was seen: hosts do not keep to the order.

    A branch that was forced back is there again, too, but comes from where the other one left it.
    """
    comes_back = push.before == seen.commit_sha
    return push.branch == seen.branch and push.commit_sha == seen.before and not comes_back


def _pause(back: Rollback, live: str | None) -> Pause | None:
    left = back.left or live
    if left is None or back.to == left or back.again:
        return None
    if back.pushed_since not in {None, left}:
        return None
    if back.ended and live == left:
        return None
    return Pause(deployment_id=back.deployment_id, commit_sha=left, since=back.since)
