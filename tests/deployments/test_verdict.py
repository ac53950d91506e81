import pytest

from ocore.deployments.evidence import Gate
from ocore.deployments.model import Status, Step
from ocore.deployments.verdict import REQUIRED, VerdictStatus, error_message, judge
from tests.deployments.journal import failed, passed, with_evidence
from tests.deployments.world import deployment, rollback


def test_a_success_with_all_its_evidence_is_clean() -> None:
    proven = with_evidence(deployment(), *(passed(gate) for gate in REQUIRED[False]))
    verdict = judge(proven, Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.CLEAN
    assert verdict.clean


@pytest.mark.parametrize("missing", sorted(REQUIRED[False]))
def test_a_success_that_lacks_one_piece_of_evidence_is_unverified_and_names_it(
    missing: Gate,
) -> None:
    gates = REQUIRED[False] - {missing}
    verdict = judge(with_evidence(deployment(), *map(passed, gates)), Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.UNVERIFIED
    assert missing in verdict.reason


def test_a_rollback_needs_only_what_it_can_have() -> None:
    proven = with_evidence(rollback(), *(passed(gate) for gate in REQUIRED[True]))
    assert judge(proven, Status.SUCCEEDED).clean


def test_a_warning_is_in_the_verdict() -> None:
    gates = [passed(gate) for gate in REQUIRED[False]]
    proven = with_evidence(deployment(), *gates, passed(Gate.RUNTIME_LOGS, warned=True))
    verdict = judge(proven, Status.SUCCEEDED)
    assert verdict.status is VerdictStatus.CLEAN_WITH_WARNINGS
    assert "runtime.logs: seen" in verdict.reason


def test_a_failure_says_the_step_and_the_cause() -> None:
    broken = failed(deployment(), Step.BUILD, "no such package: numppy")
    assert error_message(broken, Status.FAILED) == "Build image: no such package: numppy"
    assert judge(broken, Status.FAILED).reason == "Build image: no such package: numppy"


def test_a_rollback_that_failed_too_asks_for_a_person() -> None:
    broken = failed(failed(deployment(), Step.UPDATE, "boom"), Step.ROLL_BACK, "disk full")
    message = error_message(broken, Status.FAILED)
    assert message == (
        "Update modules: boom The rollback failed too, the instance needs a person: disk full"
    )
