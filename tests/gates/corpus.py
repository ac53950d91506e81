"""Small repositories, one for each class of findings, each beside a healthy twin of itself.

Each case is a change to a healthy module: as it is live, as somebody breaks it, and as somebody
who knows Odoo does the same thing. All of them are commits of one git repository.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ocore.gates.findings import FindingClass, Gate, Severity
from tests.git import commit_all, git, new_repository

Files = Mapping[str, str | bytes | None]
"""Contents by path; None takes the file away."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One mistake. `broken` must be found at `file` and `line`, `twin` not at all.

    `live` is changed before both. `also` are classes that rightly come with it. `severity` is
    given where it is not that of the class.
    """

    name: str
    cls: FindingClass
    gate: Gate
    broken: Files
    twin: Files
    file: str
    line: int | None = None
    live: Files = field(default_factory=dict)
    also: frozenset[FindingClass] = frozenset()
    severity: Severity | None = None


MANIFEST: Final = """{
    "name": "Loans",
    "version": "19.0.1.0.0",
    "depends": ["base"],
    "data": [
        "security/ir.model.access.csv",
        "data/loans.xml",
        "views/loan_views.xml",
    ],
}
"""
NEXT: Final = MANIFEST.replace("19.0.1.0.0", "19.0.1.1.0")
MODEL: Final = """from odoo import fields, models


class Loan(models.Model):
    _name = "library.loan"
    _description = "Loan"

    name = fields.Char(required=True)
    note = fields.Text()
    days = fields.Float()
    state = fields.Selection([("open", "Open"), ("late", "Late"), ("done", "Done")])
    borrower_id = fields.Many2one("res.partner")
    line_ids = fields.One2many("library.loan.line", "loan_id")


class LoanLine(models.Model):
    _name = "library.loan.line"
    _description = "Book of a loan"

    loan_id = fields.Many2one("library.loan", required=True)
    title = fields.Char()
"""
VIEWS: Final = """<odoo>
    <record id="loan_form" model="ir.ui.view">
        <field name="name">loan</field>
        <field name="model">library.loan</field>
        <field name="arch" type="xml">
            <form>
                <field name="name"/>
                <field name="borrower_id"/>
                <field name="line_ids">
                    <list><field name="title"/></list>
                </field>
            </form>
        </field>
    </record>
    <record id="loan_list" model="ir.ui.view">
        <field name="name">loans</field>
        <field name="model">library.loan</field>
        <field name="arch" type="xml">
            <list><field name="name"/><field name="state"/></list>
        </field>
    </record>
    <menuitem id="menu_library" name="Library"/>
</odoo>
"""
DATA: Final = """<odoo>
    <record id="loan_sample" model="library.loan">
        <field name="name">Sample</field>
        <field name="borrower_id" ref="base.main_partner"/>
    </record>
    <data noupdate="1">
        <record id="loan_kept" model="library.loan">
            <field name="name">Kept</field>
        </record>
    </data>
</odoo>
"""
ACCESS: Final = """id,name,model_id:id,group_id:id,perm_read,perm_write,perm_create,perm_unlink
loan,loan,model_library_loan,base.group_user,1,1,1,1
line,line,model_library_loan_line,base.group_user,1,1,1,1
"""
M: Final = "library_loans"
HEALTHY: Final[dict[str, str]] = {
    f"{M}/__manifest__.py": MANIFEST,
    f"{M}/__init__.py": "from . import models\n",
    f"{M}/models/__init__.py": "from . import loan\n",
    f"{M}/models/loan.py": MODEL,
    f"{M}/views/loan_views.xml": VIEWS,
    f"{M}/data/loans.xml": DATA,
    f"{M}/security/ir.model.access.csv": ACCESS,
}
LOAN: Final = f"{M}/models/loan.py"
VIEW: Final = f"{M}/views/loan_views.xml"
RECORDS: Final = f"{M}/data/loans.xml"
CSV: Final = f"{M}/security/ir.model.access.csv"
MANIFEST_FILE: Final = f"{M}/__manifest__.py"
PRE: Final = f"{M}/migrations/19.0.1.1.0/pre-keep.py"
POST: Final = f"{M}/migrations/19.0.1.1.0/post-clean.py"


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


def model(old: str, new: str) -> Files:
    return {LOAN: changed(MODEL, old, new)}


def line_of(text: str, word: str) -> int:
    """Return the line on which a word stands first."""
    return text[: text.index(word)].count("\n") + 1


def script(body: str) -> str:
    return f"def migrate(cr, version):\n    {body}\n"


def with_script(files: Files, body: str, *, path: str = PRE) -> Files:
    """Return the change as somebody makes it who knows that there are rows already."""
    return {**files, MANIFEST_FILE: NEXT, path: script(body)}


def build(folder: Path, cases: tuple[Case, ...]) -> dict[str, tuple[str, str, str]]:
    """Make the repository; return the commits of each case: live, broken, twin."""
    repository = new_repository(folder)
    _write(repository, HEALTHY)
    healthy = commit_all(repository, "A healthy module")
    return {case.name: _commits(repository, case, healthy) for case in cases}


def _commits(repository: Path, case: Case, healthy: str) -> tuple[str, str, str]:
    git(repository, "checkout", "--quiet", "-B", f"{case.name}-live", healthy)
    _write(repository, case.live)
    live = commit_all(repository, case.name)
    commits = [live]
    for kind, files in (("broken", case.broken), ("twin", case.twin)):
        git(repository, "checkout", "--quiet", "-B", f"{case.name}-{kind}", live)
        _write(repository, files)
        commits.append(commit_all(repository, f"{case.name}: {kind}"))
    return commits[0], commits[1], commits[2]


def _write(repository: Path, files: Files) -> None:
    for name, content in files.items():
        file = repository / name
        if content is None:
            file.unlink()
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
