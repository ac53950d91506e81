"""Failures that are in the modules themselves: views, data, manifests and Python."""

from collections.abc import Awaitable, Callable

from tests.odoo.failures.case import Case, Log
from tests.odoo.failures.library import Files, form, inheriting, manifest, model, record
from tests.odoo.failures.odoo_stage import OdooStage

Cause = Callable[[OdooStage], Awaitable[Log]]


def updated(files: Files) -> Cause:
    return lambda stage: stage.update(files)


def installed(files: Files) -> Cause:
    return lambda stage: stage.install(files)


def served(files: Files) -> Cause:
    async def cause(stage: OdooStage) -> Log:
        await stage.fresh()
        stage.write({**files, "__init__.py": "from . import models\n"})
        if "controllers/login.py" in files:
            stage.write(
                {
                    "__init__.py": "from . import models, controllers\n",
                    "controllers/__init__.py": "from . import login\n",
                }
            )
        await stage.run(update=["library_loans"])
        return await stage.serve()

    return cause


def case(name: str, how: str, cause: Cause) -> Case[OdooStage]:
    return Case(name=name, how=how, cause=cause)


def field_in(arch: str) -> Files:
    return {"views/loan_views.xml": form(arch)}


LOGIN = """\
from odoo import http
from odoo.addons.web.controllers.home import Home


class Login(Home):
    @http.route()
    def web_login(self, *args, **kwargs):
        return super().web_login(*args, greeting=self.greeting, **kwargs)
"""
TEMPLATE = """\
<odoo>
    <template id="login_more" inherit_id="web.login">
        <xpath expr="//form" position="before">
            <p t-out="no_such_value.name"/>
        </xpath>
    </template>
</odoo>
"""
ASSETS = {"web.assets_frontend": ["library_loans/static/src/loans.scss"]}
SCSS = ".o_library_loans {\n    color: $no-such-colour;\n}\n"
CSV = "id,name,days,state\nloan_a,A,3,out\nloan_b,B,three,out\n"
OVERDUE = """\
overdue = fields.Float(compute="_compute_overdue", store=True)

@api.depends("days")
def _compute_overdue(self):
    for loan in self:
        loan.overdue = 100 / (loan.days - 3)
"""
NO_ZERO = """\
@api.constrains("days")
def _check_days(self):
    if any(loan.days < 1 for loan in self):
        raise models.ValidationError("A loan lasts at least one day.")
"""
CYCLE = {
    "__init__.py": "",
    "__manifest__.py": "{'name': 'Extra', 'depends': ['library_other']}",
    "../library_other/__init__.py": "",
    "../library_other/__manifest__.py": "{'name': 'Other', 'depends': ['library_extra']}",
}
EXTRA: Files = {"__init__.py": ""}


def extra(**changes: object) -> Files:
    values = {"name": "Extra", "version": "1.0", "depends": ["library_loans"], **changes}
    return {**EXTRA, "__manifest__.py": repr({**values, "license": "LGPL-3", "author": "Ana Ruiz"})}


VIEWS = (
    case(
        "xml_syntax",
        "a view with a tag that is closed by another",
        updated(
            {"views/loan_views.xml": form('<field name="days"/>').replace("</form>", "</from>")}
        ),
    ),
    case(
        "xml_schema",
        "a data file with an element that Odoo does not know",
        updated(
            {"views/loan_views.xml": '<odoo>\n    <recrod id="a" model="res.partner"/>\n</odoo>'}
        ),
    ),
    case(
        "xml_encoding",
        "a data file in Latin-1 that says nothing of it",
        updated({"views/loan_views.xml": "<odoo><!-- caf\xe9 -->\n</odoo>".encode("latin-1")}),
    ),
    case(
        "view_unknown_field",
        "a form with a field no model has",
        updated(field_in('<field name="lender"/>')),
    ),
    case(
        "view_unknown_model",
        "a view for a model that nobody defines",
        updated({"views/loan_views.xml": form().replace("library.loan</", "library.laon</")}),
    ),
    case(
        "view_xpath",
        "an xpath that finds nothing in the parent view",
        updated(inheriting("""<xpath expr="//field[@name='nowhere']" position="after"/>""")),
    ),
    case(
        "view_unknown_parent",
        "a view that inherits from one that does not exist",
        updated(inheriting("<data/>", parent="library_loans.view_nowhere")),
    ),
    case(
        "view_tree",
        "a <tree> view, as before Odoo 18",
        updated(
            {
                "views/loan_views.xml": form()
                .replace("<form>", "<tree>")
                .replace("</form>", "</tree>")
            }
        ),
    ),
    case(
        "view_attrs",
        "attrs in a view, as before Odoo 17",
        updated(field_in("""<field name="days" attrs="{'invisible': [('name', '=', False)]}"/>""")),
    ),
    case(
        "view_button",
        "a button that calls a method no model has",
        updated(field_in('<button name="action_lend" type="object" string="Lend"/>')),
    ),
    case(
        "view_expression",
        "an invisible= that is no expression",
        updated(field_in('<field name="days" invisible="days &gt;"/>')),
    ),
    case(
        "view_modifier_field",
        "an invisible= with a field that does not exist",
        updated(field_in('<field name="days" invisible="borrowed"/>')),
    ),
    case(
        "view_domain_field",
        "a domain= with a field that its model does not have",
        updated(field_in("""<field name="reader_id" domain="[('borrows', '=', True)]"/>""")),
    ),
    case(
        "menu_unknown_action",
        "a menu that opens an action which does not exist",
        updated(
            {
                "data/menu.xml": '<odoo>\n  <menuitem id="m" name="M" action="no_action"/>\n</odoo>',
                "__manifest__.py": manifest("data/menu.xml"),
            }
        ),
    ),
)
DATA = (
    case(
        "missing_external_id",
        "a record that refers to one that nothing creates",
        updated(
            record(
                "library.loan",
                '<field name="name">A</field><field name="reader_id" ref="base.no_partner"/>',
            )
        ),
    ),
    case(
        "data_unknown_field",
        "a record with a field no model has",
        updated(record("library.loan", '<field name="lender">A</field>')),
    ),
    case(
        "data_unknown_model",
        "a record of a model that nobody defines",
        updated(record("library.laon", '<field name="name">A</field>')),
    ),
    case(
        "data_eval",
        "an eval= with a name that means nothing",
        updated(record("library.loan", '<field name="days" eval="fourteen"/>')),
    ),
    case(
        "data_required_missing",
        "a record without its required name",
        updated(record("library.loan", '<field name="days">3</field>')),
    ),
    case(
        "data_selection",
        "a value that its selection does not have",
        updated(
            record("library.loan", '<field name="name">A</field><field name="state">lost</field>')
        ),
    ),
    case(
        "data_constraint",
        "a record that a Python constraint refuses",
        updated(
            {
                **record(
                    "library.loan", '<field name="name">A</field><field name="days">0</field>'
                ),
                "models/loan.py": model(NO_ZERO)
                .replace("models.Validation", "exceptions.Validation")
                .replace("import api,", "import api, exceptions,"),
            }
        ),
    ),
    case(
        "data_function",
        "a <function> that calls a method no model has",
        updated(
            {
                "data/loans.xml": '<odoo>\n    <function model="library.loan" name="fill_all"/>\n</odoo>',
                "__manifest__.py": manifest("data/loans.xml"),
            }
        ),
    ),
    case(
        "csv_row",
        "a CSV file whose second row has a word where a number belongs",
        updated(
            {"data/library.loan.csv": CSV, "__manifest__.py": manifest("data/library.loan.csv")}
        ),
    ),
    case(
        "csv_unknown_field",
        "a CSV file with a column no model has",
        updated(
            {
                "data/library.loan.csv": CSV.replace("days", "lender"),
                "__manifest__.py": manifest("data/library.loan.csv"),
            }
        ),
    ),
    case(
        "acl_unknown_model",
        "access rights for a model that nobody defines",
        updated(
            {
                "security/ir.model.access.csv": "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\nloan_user,loan.user,model_library_laon,base.group_user,1,1,1,1\n"
            }
        ),
    ),
    case(
        "acl_unknown_group",
        "access rights for a group that does not exist",
        updated(
            {
                "security/ir.model.access.csv": "id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink\nloan_user,loan.user,model_library_loan,base.group_nobody,1,1,1,1\n"
            }
        ),
    ),
    case(
        "file_not_found",
        "a data file that is in the manifest only",
        updated({"__manifest__.py": manifest("views/nope.xml")}),
    ),
)
MODULES = (
    case(
        "missing_dependency",
        "installing a module that depends on one nobody has",
        installed(extra(depends=["library_shelves"])),
    ),
    case(
        "missing_dependency_update",
        "an update after which a module depends on one nobody has",
        updated({"__manifest__.py": manifest(depends=["base", "library_shelves"])}),
    ),
    case(
        "external_python",
        "a manifest with a Python package that is not there",
        installed(extra(external_dependencies={"python": ["isbnlib"]})),
    ),
    case(
        "external_binary",
        "a manifest with a program that is not there",
        installed(extra(external_dependencies={"bin": ["pdf2isbn"]})),
    ),
    case(
        "manifest_syntax",
        "a manifest that is no Python",
        installed({**EXTRA, "__manifest__.py": "{'name': 'Extra',\n 'depends': ['base'\n}\n"}),
    ),
    case(
        "wrong_series",
        "a module whose version is of Odoo 18",
        installed(extra(version="18.0.1.0.0")),
    ),
    case("dependency_cycle", "two modules that depend on each other", installed(CYCLE)),
    case(
        "inherit_unknown_model",
        "_inherit of a model that nobody defines",
        updated(
            {
                "models/loan.py": model()
                + "\n\nclass Laon(models.Model):\n    _inherit = 'library.laon'\n"
            }
        ),
    ),
    case(
        "many2one_unknown",
        "a Many2one to a model that nobody defines",
        updated({"models/loan.py": model('shelf_id = fields.Many2one("library.shelf")')}),
    ),
    case(
        "one2many_inverse",
        "a One2many whose inverse field does not exist",
        updated(
            {"models/loan.py": model('copy_ids = fields.One2many("library.loan", "copied_id")')}
        ),
    ),
    case(
        "depends_unknown_field",
        "@api.depends on a field that does not exist",
        updated({"models/loan.py": model(OVERDUE.replace('"days"', '"due"'))}),
    ),
    case(
        "related_unknown",
        "a related field along one that does not exist",
        updated({"models/loan.py": model('phone = fields.Char(related="reader_id.telephone")')}),
    ),
    case(
        "field_option",
        "a field whose type has no such method",
        updated({"models/loan.py": model("late = fields.Bool()")}),
    ),
    case(
        "compute_error",
        "a stored compute that divides by zero for one row",
        updated({"models/loan.py": model(OVERDUE)}),
    ),
    case(
        "compute_recursion",
        "a default that creates a record with that default",
        updated(
            {
                "models/loan.py": model(
                    'copy_id = fields.Many2one("library.loan", default=lambda self: self.create({"name": "x"}))'
                ),
                **record("library.loan", '<field name="name">A</field>'),
            }
        ),
    ),
    case(
        "invalid_module_name",
        "an update of a module that does not exist",
        lambda stage: stage.update({}, module="library_lons"),
    ),
    case(
        "post_init_hook",
        "a post_init_hook that is not there",
        installed({**extra(post_init_hook="fill_shelves")}),
    ),
)
PYTHON = (
    case(
        "python_syntax",
        "a bracket that is never closed",
        updated({"models/loan.py": model().replace("models.Model)", "models.Model:")}),
    ),
    case(
        "python_indentation",
        "a line that is indented for no reason",
        updated(
            {
                "models/loan.py": model("    days_more = fields.Integer()").replace(
                    "    days_more", "      days_more"
                )
            }
        ),
    ),
    case(
        "python_tabs",
        "tabs and spaces mixed",
        updated(
            {"models/loan.py": model() + "    def a(self):\n        if self:\n\t    return 1\n"}
        ),
    ),
    case(
        "module_not_found",
        "an import of a package that is not there",
        updated({"models/loan.py": "import isbnlib\n" + model()}),
    ),
    case(
        "odoo_module_not_found",
        "an import from an Odoo module that is not there",
        updated(
            {
                "models/loan.py": "from odoo.addons.library_shelves import models as shelves\n"
                + model()
            }
        ),
    ),
    case(
        "import_name",
        "an import of a name that Odoo no longer has",
        updated({"models/loan.py": "from odoo.tools import pycompat_text\n" + model()}),
    ),
    case(
        "import_own_name",
        "an import of a name that one's own file does not have",
        updated(
            {
                "models/loan.py": "from .shelf import PLACES\n" + model(),
                "models/shelf.py": "DAYS = 3\n",
            }
        ),
    ),
    case(
        "import_file",
        "an import of a file that was not committed",
        updated({"models/__init__.py": "from . import loan, shelf\n"}),
    ),
    case(
        "circular_import",
        "two files that import each other's names",
        updated(
            {
                "models/__init__.py": "from . import loan, shelf\n",
                "models/loan.py": "from .shelf import PLACES\n" + model() + "\n\nDAYS = 14\n",
                "models/shelf.py": "from .loan import DAYS\n\nPLACES = DAYS * 2\n",
            }
        ),
    ),
    case(
        "name_error",
        "a name in a model's body that means nothing",
        updated({"models/loan.py": model("days_more = field.Integer()")}),
    ),
)
SERVED = (
    case(
        "login_500",
        "a controller of /web/login that uses what does not exist",
        served({"controllers/login.py": LOGIN}),
    ),
    case(
        "qweb_value",
        "a template of the login page with a value that nobody passes",
        served({"views/login.xml": TEMPLATE, "__manifest__.py": manifest("views/login.xml")}),
    ),
    case(
        "qweb_expression",
        "a template of the login page with an expression that is none",
        served(
            {
                "views/login.xml": TEMPLATE.replace("no_such_value.name", "1 +"),
                "__manifest__.py": manifest("views/login.xml"),
            }
        ),
    ),
    case(
        "scss_variable",
        "a stylesheet with a variable that does not exist",
        served({"static/src/loans.scss": SCSS, "__manifest__.py": manifest(assets=ASSETS)}),
    ),
    case(
        "scss_syntax",
        "a stylesheet with a bracket that is never closed",
        served(
            {
                "static/src/loans.scss": ".o_library_loans { color: red;\n",
                "__manifest__.py": manifest(assets=ASSETS),
            }
        ),
    ),
)
CASES = (*VIEWS, *DATA, *MODULES, *PYTHON, *SERVED)
