from ocore.gates.code_static import StaticInputs, check
from ocore.gates.crons import Code
from ocore.gates.findings import Finding, FindingClass, GateAction
from ocore.odoo.facts import (
    BrokenPart,
    FieldFacts,
    FieldUse,
    ModelFacts,
    ModuleFacts,
    Reference,
    ViewFacts,
)
from ocore.odoo.facts.world import World

BASE = ModuleFacts("base", models=(ModelFacts("base", "models.py", 1, kind="abstract"),))
LOAN = ModelFacts("loan", "m.py", 1, fields=(FieldFacts("name", "Char", "m.py", 2),))
EXTENDED = ModelFacts(
    "loan", "m.py", 1, parents=("loan",), fields=(FieldFacts("fine", "Float", "m.py", 2),)
)


def view(*names: str, model: str = "loan") -> ViewFacts:
    uses = tuple(FieldUse((), name, 3) for name in names)
    return ViewFacts("loans.form", model, "v.xml", 1, uses)


def findings(loans: ModuleFacts, *others: ModuleFacts) -> tuple[Finding, ...]:
    modules = {each.name: each for each in (BASE, loans, *others)}
    world = World(modules, frozenset(modules))
    inputs = StaticInputs(code=Code(world, None), paths={"loans": "addons/loans"}, lint={})
    return check(inputs, "loans")


def test_a_field_of_a_module_that_is_not_depended_on_is_a_warning_and_names_it() -> None:
    loans = ModuleFacts("loans", depends=("base",), models=(LOAN,), views=(view("fine"),))
    fines = ModuleFacts("fines", depends=("loans",), models=(EXTENDED,))
    (found,) = findings(loans, fines)
    assert found.cls is FindingClass.CODE_UNREACHABLE_EXTERNAL_ID
    assert found.action is GateAction.WARN
    assert "is of fines, which loans does not need" in found.excerpt
    (alone,) = findings(loans)
    assert (alone.cls, alone.action) == (FindingClass.CODE_UNKNOWN_FIELD, GateAction.BLOCK)
    assert alone.metadata["file"] == "addons/loans/v.xml"


def test_what_the_text_cannot_tell_is_not_reported() -> None:
    open_model = ModelFacts("loan", "m.py", 1, open=True)
    for models in ((open_model,), (), (ModelFacts("loan", "m.py", 1, parents=("mixin",)),)):
        loans = ModuleFacts("loans", models=models, views=(view("anything"),))
        assert findings(loans) == ()


def test_fields_that_people_make_in_the_database_are_not_missed() -> None:
    loans = ModuleFacts("loans", models=(LOAN,), views=(view("x_studio_note", "__count", "id"),))
    assert findings(loans) == ()


def test_an_id_that_is_almost_right_is_told_what_was_meant() -> None:
    loans = ModuleFacts(
        "loans", models=(LOAN,), references=(Reference("loans.model_laon", "d", 1),)
    )
    (found,) = findings(loans)
    assert "there is no external id loans.model_laon" in found.excerpt


def test_a_file_that_odoo_passes_by_is_a_warning() -> None:
    part = BrokenPart("csv_skipped", "data/a.csv", 1, "no ids")
    (found,) = findings(ModuleFacts("loans", broken=(part,)))
    assert (found.cls, found.action) == (FindingClass.CODE_SYNTAX, GateAction.WARN)
