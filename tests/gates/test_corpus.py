import pytest

from ocore.gates.catalog import CLASSES
from ocore.gates.findings import FindingClass, GateAction
from ocore.gates.profiles import VALIDATED
from tests.gates.cases import CASES
from tests.gates.checking import places
from tests.gates.conftest import Corpus
from tests.gates.corpus import Case

pytestmark = pytest.mark.odoo


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_mistake_is_found_where_it_is(corpus: Corpus, case: Case) -> None:
    live, broken, _ = corpus.commits[case.name]
    answer = await corpus.checker.check(case.gate, broken, live=live)
    found = [each for each in answer.findings if each.cls not in case.also]
    assert places(tuple(found)) == [(case.cls, case.file, case.line)]
    assert found[0].severity is (case.severity or CLASSES[case.cls].severity)
    assert found[0].action is CLASSES[case.cls].action
    blocks = any(each.action is GateAction.BLOCK for each in answer.findings)
    assert (answer.card is not None) == blocks


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_its_healthy_twin_is_left_alone(corpus: Corpus, case: Case) -> None:
    live, _, twin = corpus.commits[case.name]
    answer = await corpus.checker.check(case.gate, twin, live=live)
    assert case.cls not in {each.cls for each in answer.findings}
    assert not [each for each in answer.findings if each.action is GateAction.BLOCK]


def test_every_class_that_these_gates_can_find_has_a_case() -> None:
    findable = {cls for cls, facts in CLASSES.items() if facts.gate in VALIDATED}
    assert {case.cls for case in CASES} == findable


def test_every_class_is_described() -> None:
    assert set(CLASSES) == set(FindingClass)
