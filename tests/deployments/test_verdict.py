import pytest

from ocore.deployments.evidence import Gate
from ocore.deployments.model import Status, Step
from ocore.deployments.verdict import VerdictStatus, error_message, judge, required_gates
from tests.deployments.journal import NO_PLAN, done, failed, passed, with_evidence
from tests.deployments.world import INSTANCE, LIVE, deployment, rollback

REQUIRED = required_gates(deployment())


def test_a_success_with_all_its_evidence_is_clean() -> None:
    proven = with_evidence(deployment(), *(passed(gate) for gate in REQUIRED))
    verdict = judge(proven, Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.CLEAN
    assert verdict.clean


@pytest.mark.parametrize("missing", sorted(REQUIRED))
def test_a_success_that_lacks_one_piece_of_evidence_is_unverified_and_names_it(
    missing: Gate,
) -> None:
    gates = REQUIRED - {missing}
    verdict = judge(with_evidence(deployment(), *map(passed, gates)), Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.UNVERIFIED
    assert missing in verdict.reason


def test_a_rollback_needs_only_what_it_can_have() -> None:
    proven = with_evidence(rollback(), *(passed(gate) for gate in required_gates(rollback())))
    assert judge(proven, Status.SUCCEEDED).clean


def test_a_warning_is_in_the_verdict() -> None:
    gates = [passed(gate) for gate in REQUIRED]
    proven = with_evidence(deployment(), *gates, passed(Gate.RUNTIME_LOGS, warned=True))
    verdict = judge(proven, Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.CLEAN_WITH_WARNINGS
    assert "runtime.logs: seen" in verdict.reason


def test_a_failure_says_the_step_and_the_cause() -> None:
    broken = failed(deployment(), Step.BUILD, "no such package: numppy")
    assert error_message(broken, Status.FAILED) == "Build image: no such package: numppy"
    assert judge(broken, Status.FAILED).reason == "Build image: no such package: numppy"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.CANCELLED, "Cancelled before anything live was touched"),
        (Status.SUPERSEDED, "A newer push took its place"),
    ],
)
def test_what_ended_before_the_cutover_says_why_in_its_verdict_too(
    status: Status, reason: str
) -> None:
    assert error_message(deployment(), status) == reason
    assert judge(deployment(), status).reason == reason


def test_a_rollback_that_failed_too_says_what_to_do_by_hand() -> None:
    prepared = done(deployment(), Step.FETCH, Step.INSPECT, Step.BUILD, Step.SNAPSHOT)
    broken = failed(failed(prepared, Step.UPDATE, "boom"), Step.ROLL_BACK, "disk full")
    assert error_message(broken, Status.FAILED) == (
        "Update modules: boom. The rollback failed too: disk full. By hand: once that is mended,"
        f' POST /environments/{INSTANCE.id}/rollback {{"snapshotId": "s"}} brings data and code'
        " back. Where database library_1__s is gone, the data is back already: deploy commit"
        f" {LIVE.commit_sha} again"
    )


def test_a_rollback_of_code_that_failed_too_needs_the_earlier_commit_only() -> None:
    broken = failed(
        failed(done(deployment(), Step.INSPECT, plan=NO_PLAN), Step.START, "boom"),
        Step.ROLL_BACK,
        "no image",
    )
    assert error_message(broken, Status.FAILED) == (
        "Start: boom. The rollback failed too: no image. By hand: deploy commit"
        f" {LIVE.commit_sha} again"
    )
