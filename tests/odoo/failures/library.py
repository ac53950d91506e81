"""A small module that works, and the ways to change it: each failure is one change away."""

from collections.abc import Mapping
from typing import Any

Files = Mapping[str, str | bytes]

MODEL = """\
from odoo import api, fields, models


class LibraryLoan(models.Model):
    _name = "library.loan"
    _description = "Loan"

    name = fields.Char(required=True)
    days = fields.Integer()
    note = fields.Text()
    state = fields.Selection([("out", "Out"), ("back", "Back")])
    reader_id = fields.Many2one("res.partner", ondelete="restrict")
    %s
"""
VIEW = """\
<odoo>
    <record id="view_loan_form" model="ir.ui.view">
        <field name="name">library.loan.form</field>
        <field name="model">library.loan</field>
        <field name="arch" type="xml">
            <form>
                <field name="name"/>
                <field name="days"/>
            </form>
        </field>
    </record>
</odoo>
"""
ACCESS = """\
id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
loan_user,loan.user,model_library_loan,base.group_user,1,1,1,1
"""
DATA = ("security/ir.model.access.csv", "views/loan_views.xml")
SCRIPTS = "migrations/19.0.1.1.0"


def manifest(*data: str, **changes: Any) -> str:
    values = {
        "name": "Library Loans",
        "author": "Ana Ruiz",
        "version": "19.0.1.1.0",
        "depends": ["base"],
        "data": [*DATA, *data],
        "license": "LGPL-3",
        **changes,
    }
    return f"{values!r}\n"


def model(body: str = "") -> str:
    """Return the model with this put into its class."""
    return MODEL % body.strip().replace("\n", "\n    ")


SEED: Files = {
    "__init__.py": "from . import models\n",
    "__manifest__.py": manifest(version="19.0.1.0.0"),
    "models/__init__.py": "from . import loan\n",
    "models/loan.py": model(),
    "security/ir.model.access.csv": ACCESS,
    "views/loan_views.xml": VIEW,
}
ROWS = """
    INSERT INTO library_loan (name, days, state) VALUES ('Ana', 3, 'out'), ('Bo', 5, 'out');
    UPDATE library_loan SET reader_id = (SELECT min(id) FROM res_partner) WHERE name = 'Ana';
"""


def form(*fields: str) -> str:
    """Return the view with these lines in its form."""
    lines = "\n                ".join(fields)
    return VIEW.replace('<field name="days"/>', lines)


def record(model_name: str, body: str, *, xml_id: str = "loan_first") -> Files:
    """Return a data file with one record."""
    data = f'<odoo>\n\n    <record id="{xml_id}" model="{model_name}">{body}</record>\n</odoo>\n'
    return {"data/loans.xml": data, "__manifest__.py": manifest("data/loans.xml")}


def inheriting(arch: str, *, parent: str = "library_loans.view_loan_form") -> Files:
    """Return a view that changes another one."""
    data = (
        f'<odoo>\n    <record id="view_more" model="ir.ui.view">\n'
        f'        <field name="name">more</field>\n'
        f'        <field name="model">library.loan</field>\n'
        f'        <field name="inherit_id" ref="{parent}"/>\n'
        f'        <field name="arch" type="xml">{arch}</field>\n    </record>\n</odoo>\n'
    )
    return {"views/more_views.xml": data, "__manifest__.py": manifest("views/more_views.xml")}


def script(body: str, *, name: str = "post-fill.py", imports: str = "") -> Files:
    """Return a migration script whose function does this."""
    lines = body.strip().replace("\n", "\n    ")
    head = f"{imports}\n\n\n" if imports else ""
    return {
        "__manifest__.py": manifest(),
        f"{SCRIPTS}/{name}": f"{head}def migrate(cr, version):\n    {lines}\n",
    }


ORM = "from odoo import SUPERUSER_ID, api"
ENV = "env = api.Environment(cr, SUPERUSER_ID, {})\n"


def orm_script(body: str, *, name: str = "post-fill.py") -> Files:
    return script(ENV + body, name=name, imports=ORM)
