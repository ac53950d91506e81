import ast
from pathlib import Path

import pytest

from ocore.odoo.facts import FieldFacts, ModelFacts
from ocore.odoo.facts.classes import makes_external_ids, nameless_classes, read_models
from ocore.odoo.facts.methods import orm_methods, patches_in


def nodes(code: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(code)))


def models(body: str) -> list[ModelFacts]:
    return list(read_models(nodes(body), "models/loan.py"))


def field(declaration: str) -> FieldFacts:
    (model,) = models(f"class Loan(models.Model):\n    _name = 'loan'\n    x = {declaration}\n")
    return model.fields[0]


@pytest.mark.parametrize(
    ("body", "name", "parents", "creates"),
    [
        ("class A(models.Model):\n    _name = 'a.b'", "a.b", (), True),
        ("class A(models.Model):\n    _inherit = 'a.b'", "a.b", ("a.b",), False),
        ("class A(models.Model):\n    _inherit = ['a.b']", "a.b", ("a.b",), False),
        ("class A(models.Model):\n    _name = 'c'\n    _inherit = ['m']", "c", ("m",), True),
        ("class LoanLine(models.Model):\n    _inherit = ['m', 'n']", "loan.line", ("m", "n"), True),
        ("class LoanLine(models.Model):\n    pass", "loan.line", (), True),
    ],
)
def test_a_model_is_named_as_odoo_names_it(
    body: str, name: str, parents: tuple[str, ...], creates: bool
) -> None:
    (model,) = models(body)
    assert (model.name, model.parents, model.creates) == (name, parents, creates)


def test_other_classes_are_no_models() -> None:
    assert models("class Loan:\n    x = 1\nclass Test(TransactionCase):\n    y = 2") == []
    assert models("class Base(models.AbstractModel):\n    _name = 'b'\n    _register = False") == []


def test_what_a_class_inherits_but_does_not_spell_out_leaves_it_open() -> None:
    (model,) = models("class A(models.Model):\n    _name = 'a'\n    _inherit = MIXINS")
    assert model.open


def test_fields_are_read_with_what_decides_about_their_columns() -> None:
    assert field("fields.Many2one('res.partner', required=True)").comodel == "res.partner"
    assert field("fields.Many2one(comodel_name='res.users')").comodel == "res.users"
    assert field("fields.Char(size=8)").size == 8
    assert field("fields.Float(compute='_compute', store=True)").store is True
    assert field("fields.Char(related='partner_id.name')").related == "partner_id.name"
    assert field("fields.Char(required=REQUIRED)").required is None, "not written out"
    assert field("fields.Selection([('a', 'A'), ('b', 'B')])").selection == ("a", "b")
    assert field("fields.Selection(selection='_choices')").selection is None
    added = field("fields.Selection(selection_add=[('c', 'C'), ('a',)], ondelete={'c': 'cascade'})")
    assert added.selection_add == ("c", "a")


def test_a_name_that_may_be_a_field_is_kept_apart() -> None:
    (model,) = models(
        "class A(models.Model):\n    _name = 'a'\n    money = make_field()\n    _order = 'id'\n"
        "    if True:\n        note = fields.Text()\n"
    )
    assert (model.loose, [each.name for each in model.fields]) == (("money",), ["note"])


def test_code_that_makes_ids_or_names_by_itself_is_known() -> None:
    assert makes_external_ids(nodes("env['ir.model.data'].create({})"))
    assert makes_external_ids(nodes("records._update_xmlids(values)"))
    assert not makes_external_ids(nodes("env.ref('base.user_admin')"))
    assert list(nameless_classes(nodes("class A(models.Model):\n    _name = model('x')")))
    assert not list(nameless_classes(nodes("class A(models.Model):\n    _name = 'x'")))


def test_methods_are_what_a_class_binds_and_may_be_called() -> None:
    (model,) = models(
        "class A(models.Model):\n    _name = 'a'\n    x = fields.Char()\n    _old = _new\n"
        "    if True:\n        def _new(self):\n            def inner(): pass\n"
        "    else:\n        from elsewhere import _other\n"
    )
    assert set(model.methods) == {"_new", "_old", "_other", "x"}
    assert not model.foreign


@pytest.mark.parametrize(
    "head",
    [
        "class A(models.Model, Mixin):\n    _name = 'a'",
        "class A(Mixin):\n    _inherit = 'a'",
        "@decorated\nclass A(models.Model):\n    _name = 'a'",
        "class A(models.Model, metaclass=M):\n    _name = 'a'",
        "class A(models.Model):\n    _name = 'a'\n    _inherit = PARENTS",
    ],
)
def test_a_class_that_may_have_other_methods_says_so(head: str) -> None:
    (model,) = models(head)
    assert model.foreign


def test_names_set_from_outside_are_patches() -> None:
    code = "Partner._late = f\nsetattr(Partner, '_later', f)\nclass A:\n    def f(self): self.x = 1"
    assert set(patches_in(nodes(code))) == {"_late", "_later"}


@pytest.mark.parametrize("file", ["orm/models.py", "models.py"])
def test_the_methods_of_every_model_are_read_from_odoo(tmp_path: Path, file: str) -> None:
    assert orm_methods(tmp_path) == frozenset()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("class BaseModel:\n    def search(self): pass\n")
    assert orm_methods(tmp_path) == {"search"}
