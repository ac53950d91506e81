from ocore.deployments.evidence import Finding, FindingClass, GateAction, Severity
from ocore.deployments.model import Step
from ocore.deployments.risk import POINTS, Level, assess, explained
from ocore.deployments.view import deployment_view, plan_view
from tests.deployments.journal import NO_PLAN, UPDATE_PLAN, done
from tests.deployments.world import NOW, deployment


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


def test_the_three_biggest_contributions_are_named() -> None:
    told = explained(assess(UPDATE_PLAN, [finding(Severity.HIGH)], environment="production"))
    assert told.excerpt == (
        "51 of 100, high: 25 log.error: x; 15 the database is updated;"
        " 10 the instance is production"
    )
    assert [each["points"] for each in told.metadata["contributions"]] == [25, 15, 10]
    nothing = explained(assess(NO_PLAN, [], environment="development"))
    assert nothing.excerpt == "0 of 100, low: nothing adds to it"


def test_a_deployment_tells_them_as_a_finding_and_a_plan_beside_its_score() -> None:
    assert deployment_view(deployment(), updated_at=NOW)["findings"] == []
    inspected = done(deployment(), Step.FETCH, Step.INSPECT)
    view = deployment_view(inspected, updated_at=NOW)
    assert view["risk"] == {"level": "low", "score": 16}
    (told,) = view["findings"]  # type: ignore[misc]
    assert (told["class"], told["gateAction"]) == ("release.risk", "inform")
    risk = plan_view(inspected, None)["risk"]
    assert risk["contributions"] == told["metadata"]["contributions"]  # type: ignore[index]
    assert len(risk["contributions"]) == 2  # type: ignore[index]
