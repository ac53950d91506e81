from dataclasses import replace

import pytest

from ocore.deployments.evidence import (
    EvidenceStatus,
    Finding,
    FindingClass,
    Gate,
    GateAction,
    Severity,
)
from ocore.deployments.model import Step
from ocore.deployments.steps.validate import validate
from ocore.deployments.weights import LARGE, tables_of, weighed
from ocore.gates import GateRun, Report
from ocore.gates.catalog import found
from tests.deployments.journal import done
from tests.deployments.world import World, WorldGates, deployment, toolbox

_F = FindingClass


def of(cls: FindingClass) -> Finding:
    return found(cls, "loans line 3: field due", model="library.loan", field="due")


COMPUTE, REQUIRED, NARROWED = map(
    of, (_F.SCHEMA_STORED_COMPUTE, _F.SCHEMA_REQUIRED_ADDED, _F.SCHEMA_TYPE_NARROWED)
)


def test_a_finding_says_how_many_rows_it_concerns() -> None:
    told = weighed(REQUIRED, {"library_loan": 12_345})
    assert told.excerpt == "loans line 3: field due (library_loan has about 12,345 rows)"
    assert told.metadata["rows"] == 12_345
    assert (told.severity, told.action) == (Severity.MEDIUM, GateAction.WARN)


def test_to_compute_every_row_of_a_large_table_deserves_a_warning() -> None:
    small, large = (weighed(COMPUTE, {"library_loan": rows}) for rows in (LARGE - 1, LARGE))
    assert (small.severity, small.action) == (Severity.LOW, GateAction.INFORM)
    assert (large.severity, large.action) == (Severity.MEDIUM, GateAction.WARN)


@pytest.mark.parametrize("finding", [COMPUTE, REQUIRED])
def test_nothing_goes_wrong_with_a_table_without_rows(finding: Finding) -> None:
    told = weighed(finding, {"library_loan": 0})
    assert (told.severity, told.action) == (Severity.INFO, GateAction.INFORM)
    assert told.excerpt.endswith("(library_loan has no rows)")


def test_what_blocks_blocks_whatever_the_rows_say() -> None:
    # The estimate may be old, and the rows of tomorrow are lost as well.
    for rows in (0, 5, LARGE):
        assert weighed(NARROWED, {"library_loan": rows}).action is GateAction.BLOCK


def test_what_is_not_known_or_has_no_rows_of_its_own_stays_as_it_is() -> None:
    assert weighed(REQUIRED, {}) == REQUIRED
    view = found(_F.CODE_SYNTAX, "x", model="library.loan")
    assert weighed(view, {"library_loan": 5}) == view
    assert tables_of([view, REQUIRED, COMPUTE]) == ("library_loan",)


async def test_the_step_judges_by_the_rows_of_this_database() -> None:
    class Strict(WorldGates):
        def _run(self, gate: Gate) -> GateRun:
            run = super()._run(gate)
            return replace(run, report=Report(summary="one", findings=(REQUIRED,)))

    inspected = done(deployment(), Step.FETCH, Step.INSPECT)
    for rows, warned in ((0, False), (7, True)):
        world = World(rows={"library_loan": rows})
        outcome = await validate(inspected, replace(toolbox(world), gates=Strict(world)))
        assert {item.warned for item in outcome.evidence} == {warned}
        assert {item.status for item in outcome.evidence} == {EvidenceStatus.PASSED}
