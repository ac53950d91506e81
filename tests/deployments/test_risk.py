from ocore.deployments.evidence import Finding, FindingClass, GateAction, Severity
from ocore.deployments.risk import POINTS, Level, assess
from tests.deployments.journal import NO_PLAN, UPDATE_PLAN


def finding(severity: Severity) -> Finding:
    return Finding(
        cls=FindingClass.LOG_ERROR, severity=severity, action=GateAction.WARN, excerpt="x"
    )


def test_nothing_to_update_and_nothing_found_is_no_risk() -> None:
    risk = assess(NO_PLAN, [], environment="development")
    assert (risk.score, risk.level, risk.contributions) == (0, Level.LOW, ())


def test_each_point_can_be_traced() -> None:
    risk = assess(UPDATE_PLAN, [finding(Severity.HIGH)], environment="production")
    assert risk.score == sum(each.points for each in risk.contributions) == 25 + 15 + 10 + 1
    assert risk.level is Level.HIGH


def test_many_findings_of_one_class_count_as_the_three_gravest() -> None:
    many = [*[finding(Severity.LOW)] * 50, finding(Severity.HIGH)]
    assert assess(NO_PLAN, many, environment="development").score == 25 + 3 + 3


def test_the_score_is_cut_at_one_hundred() -> None:
    many = [finding(Severity.CRITICAL)] * 5
    risk = assess(UPDATE_PLAN, many, environment="development")
    assert (risk.score, risk.level) == (100, Level.CRITICAL)


def test_every_severity_has_its_points() -> None:
    assert set(POINTS) == set(Severity)
