"""Which pushes are deployed, and which commits are paused after a rollback."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ocore.deployments.autodeploy import (
    AutoDeploy,
    Mode,
    Outcome,
    Rollback,
    Standing,
    Waiting,
    decide,
    mode_of,
    pauses_of,
)
from ocore.source.pushes import Push

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
GOOD, BAD, NEWER = "a" * 40, "b" * 40, "c" * 40
ASKED = Rollback(deployment_id="r1", left=BAD, to=GOOD, since=NOON, ended=True)
BY_ITSELF = Rollback(deployment_id="d2", left=BAD, to=None, since=NOON, ended=True)
ON = AutoDeploy(instance_id="i", enabled=True, branch_pattern="main")


def pushed(sha: str, *, before: str | None = None, branch: str = "main") -> Push:
    return Push(branch=branch, commit_sha=sha, before=before)


def went_back(*rollbacks: Rollback, live: str | None = GOOD) -> Standing:
    return Standing(live=live, rollbacks=rollbacks)


@pytest.mark.parametrize(
    ("pattern", "branch", "taken"),
    [
        ("main", "main", True),
        ("main", "maintenance", False),
        ("main", "feature/main", False),
        ("main", "Main", False),
        ("release/*", "release/19.0", True),
        ("release/*", "release/19.0/hotfix", True),
        ("release/*", "release", False),
        ("*-stable", "19-stable", True),
        ("*", "anything/at/all", True),
        ("19.0", "19x0", False),
    ],
)
def test_a_pattern_names_a_branch_or_many(pattern: str, branch: str, *, taken: bool) -> None:
    assert replace(ON, branch_pattern=pattern).takes(branch) is taken


def test_what_is_off_takes_nothing() -> None:
    assert not replace(ON, enabled=False).takes("main")
    assert not AutoDeploy(instance_id="i").takes("main")


@pytest.mark.parametrize(
    ("standing", "sha", "outcome"),
    [
        (Standing(), NEWER, Outcome.QUEUED),
        (Standing(live=GOOD), NEWER, Outcome.QUEUED),
        (Standing(live=GOOD), GOOD, Outcome.LIVE),
        (Standing(live=GOOD, last=Waiting(deployment_id="d", commit_sha=BAD)), BAD, "in_line"),
        (Standing(live=GOOD, last=Waiting(deployment_id="d", commit_sha=None)), BAD, "queued"),
        # A branch that was forced back: what waits would come last, and win.
        (Standing(live=GOOD, last=Waiting(deployment_id="d", commit_sha=BAD)), GOOD, "queued"),
        (went_back(ASKED), BAD, Outcome.PAUSED),
        (went_back(ASKED), NEWER, Outcome.QUEUED),
        (went_back(ASKED), GOOD, Outcome.LIVE),
        (went_back(BY_ITSELF), BAD, Outcome.PAUSED),
        (went_back(BY_ITSELF), NEWER, Outcome.QUEUED),
        (went_back(BY_ITSELF, live=None), BAD, Outcome.PAUSED),
    ],
)
def test_what_becomes_of_a_push(standing: Standing, sha: str, outcome: str) -> None:
    decision = decide(standing, pushed(sha))
    assert decision.outcome == outcome
    assert sha[:12] in decision.reason


@pytest.mark.parametrize(
    ("seen", "push", "outcome"),
    [
        (pushed(NEWER, before=BAD), pushed(BAD, before=GOOD), Outcome.OUTDATED),
        (pushed(NEWER, before=BAD), pushed(BAD), Outcome.OUTDATED),
        (pushed(BAD, before=GOOD), pushed(NEWER, before=BAD), Outcome.QUEUED),
        # Forced back: to where it was, from where it went.
        (pushed(NEWER, before=BAD), pushed(BAD, before=NEWER), Outcome.QUEUED),
        (pushed(NEWER, before=BAD), pushed(BAD, before=GOOD, branch="next"), Outcome.QUEUED),
        (pushed(NEWER), pushed(BAD, before=GOOD), Outcome.QUEUED),
        (None, pushed(BAD, before=GOOD), Outcome.QUEUED),
    ],
)
def test_a_push_that_was_overtaken_by_the_next_is_not_deployed(
    seen: Push | None, push: Push, outcome: Outcome
) -> None:
    assert decide(Standing(live=GOOD, pushed=seen), push).outcome is outcome


@pytest.mark.parametrize(
    ("standing", "paused"),
    [
        (Standing(live=GOOD), []),
        (went_back(ASKED), [BAD]),
        (went_back(BY_ITSELF), [BAD]),
        # Asked for and not begun: what is live is what will be left.
        (went_back(replace(ASKED, left=None, ended=False), live=BAD), [BAD]),
        (went_back(replace(ASKED, ended=False), live=BAD), [BAD]),
        (went_back(replace(ASKED, left=None, ended=False), live=None), []),
        # The same code with earlier data: nothing was wrong with the code.
        (went_back(replace(ASKED, left=GOOD)), []),
        (went_back(replace(ASKED, pushed_since=NEWER)), []),
        (went_back(replace(ASKED, pushed_since=BAD)), [BAD]),
        # Somebody deployed it by hand, and it may have been replaced since.
        (went_back(ASKED, live=BAD), []),
        (went_back(replace(ASKED, again=True), live=NEWER), []),
        # What failed was deployed over itself, and is live as before.
        (went_back(replace(BY_ITSELF, left=GOOD)), []),
    ],
)
def test_a_commit_is_paused_until_it_is_deployed_again_or_another_is_pushed(
    standing: Standing, paused: list[str]
) -> None:
    assert [each.commit_sha for each in pauses_of(standing)] == paused
    assert mode_of(ON, standing) is (Mode.PAUSED if paused else Mode.ACTIVE)
    assert mode_of(replace(ON, enabled=False), standing) is Mode.OFF


def test_whoever_goes_back_twice_has_left_both() -> None:
    second = Rollback(
        deployment_id="r2", left=GOOD, to=NEWER, since=NOON + timedelta(hours=1), ended=True
    )
    standing = went_back(ASKED, second, live=NEWER)
    assert [each.commit_sha for each in pauses_of(standing)] == [GOOD, BAD]
    assert decide(standing, pushed(BAD)).pause == pauses_of(standing)[1]


def test_of_two_rollbacks_behind_one_commit_the_newest_is_named() -> None:
    later = replace(BY_ITSELF, deployment_id="d3", since=NOON + timedelta(hours=1))
    (pause,) = pauses_of(went_back(later, BY_ITSELF))
    assert (pause.deployment_id, pause.since) == ("d3", NOON + timedelta(hours=1))
