"""The cases of the corpus."""

from typing import Final

from ocore.gates.findings import FindingClass as C
from ocore.gates.findings import Gate, Severity
from tests.gates.corpus import (
    ACCESS,
    CSV,
    DATA,
    LOAN,
    MANIFEST,
    MANIFEST_FILE,
    MODEL,
    NEXT,
    POST,
    RECORDS,
    VIEW,
    VIEWS,
    Case,
    M,
    changed,
    line_of,
    model,
    script,
    with_script,
)

# Put together here, so that no scanner takes this file for a leak.
TOKEN: Final = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
MAIL_SERVER: Final = """<odoo>
    <record id="server" model="ir.mail_server">
        <field name="name">out</field>
        <field name="smtp_pass">{}</field>
    </record>
</odoo>
"""
NOT_RAISED: Final = frozenset({C.MIGRATION_VERSION_NOT_RAISED})
WITHOUT_NOTE: Final = changed(MODEL, "    note = fields.Text()\n", "")
WITHOUT_LINE: Final = {
    LOAN: changed(
        MODEL[: MODEL.index("\n\nclass LoanLine")] + "\n",
        '    line_ids = fields.One2many("library.loan.line", "loan_id")\n',
        "",
    ),
    VIEW: changed(
        VIEWS,
        VIEWS[
            VIEWS.index('                <field name="line_ids">') : VIEWS.index(
                "            </form>"
            )
        ],
        "",
    ),
    CSV: ACCESS[: ACCESS.index("line,line")],
}
WITHOUT_SAMPLE: Final = changed(
    DATA, DATA[DATA.index('    <record id="loan_sample"') : DATA.index("    <data ")], ""
)
QUERY: Final = """from odoo import models


class Loan(models.Model):
    _inherit = "library.loan"

    def _find(self, name):
        self.env.cr.execute({})
"""
CRON: Final = changed(
    DATA,
    "</odoo>",
    """    <record id="cron" model="ir.cron">
        <field name="name">Remind</field>
        <field name="model_id" ref="model_library_loan"/>
        <field name="state">code</field>
        <field name="code">model._remind()</field>
    </record>
</odoo>""",
)
REMIND: Final = "    def _remind(self):\n        return None\n\n\nclass LoanLine"

STATIC: Final = (
    Case(
        name="python-syntax",
        cls=C.CODE_SYNTAX,
        gate=Gate.CODE_STATIC,
        broken={LOAN: changed(MODEL, "days = fields.Float()", "days = fields.Float(")},
        twin={LOAN: changed(MODEL, "days = fields.Float()", "days = fields.Float(digits=(6, 2))")},
        file=LOAN,
        line=10,
    ),
    Case(
        name="xml-syntax",
        cls=C.CODE_SYNTAX,
        gate=Gate.CODE_STATIC,
        broken={VIEW: changed(VIEWS, '<field name="name"/>', '<field name="name">')},
        twin={VIEW: changed(VIEWS, '<field name="name"/>', '<field name="name"></field>')},
        file=VIEW,
        line=12,
    ),
    Case(
        name="csv-not-in-utf-8",
        cls=C.CODE_SYNTAX,
        gate=Gate.CODE_STATIC,
        broken={CSV: changed(ACCESS, "loan,loan,", "loan,löan,").encode("latin-1")},
        twin={CSV: ACCESS.replace("loan,loan,", "a_loan,loan,").replace("id,", '"id",', 1)},
        file=CSV,
        also=frozenset({C.CODE_UNKNOWN_EXTERNAL_ID}),
    ),
    Case(
        name="grammar",
        cls=C.CODE_SCHEMA,
        gate=Gate.CODE_STATIC,
        broken={VIEW: changed(VIEWS, "<menuitem id", '<menuitem label="x" id')},
        twin={VIEW: changed(VIEWS, "<menuitem id", '<menuitem sequence="3" id')},
        file=VIEW,
        line=line_of(VIEWS, "<menuitem"),
    ),
    Case(
        name="view-grammar",
        cls=C.CODE_VIEW_SCHEMA,
        gate=Gate.CODE_STATIC,
        broken={
            VIEW: changed(
                VIEWS, '<list><field name="name"/>', '<list colour="red"><field name="name"/>'
            )
        },
        twin={
            VIEW: changed(
                VIEWS, '<list><field name="name"/>', '<list editable="top"><field name="name"/>'
            )
        },
        file=VIEW,
        line=line_of(VIEWS, '<list><field name="name"/>'),
    ),
    Case(
        name="unknown-id",
        cls=C.CODE_UNKNOWN_EXTERNAL_ID,
        gate=Gate.CODE_STATIC,
        broken={RECORDS: changed(DATA, "base.main_partner", "base.main_partnr")},
        twin={RECORDS: changed(DATA, "base.main_partner", "base.partner_root")},
        file=RECORDS,
        line=line_of(DATA, "base.main_partner"),
    ),
    Case(
        name="unknown-id-in-csv",
        cls=C.CODE_UNKNOWN_EXTERNAL_ID,
        gate=Gate.CODE_STATIC,
        broken={CSV: changed(ACCESS, "model_library_loan,", "model_library_lona,")},
        twin={CSV: changed(ACCESS, "base.group_user", "base.group_system")},
        file=CSV,
        line=2,
    ),
    Case(
        name="undeclared-dependency",
        cls=C.CODE_UNREACHABLE_EXTERNAL_ID,
        gate=Gate.CODE_STATIC,
        broken={CSV: changed(ACCESS, "base.group_user", "mail.group_mail_template_editor")},
        twin={
            CSV: changed(ACCESS, "base.group_user", "mail.group_mail_template_editor"),
            MANIFEST_FILE: changed(MANIFEST, '["base"]', '["mail"]'),
        },
        file=CSV,
        line=2,
    ),
    Case(
        name="cron-without-method",
        cls=C.CODE_CRON,
        gate=Gate.CODE_STATIC,
        broken={RECORDS: CRON},
        twin={RECORDS: CRON, **model("\nclass LoanLine", REMIND)},
        file=RECORDS,
        line=line_of(CRON, "model._remind"),
    ),
    Case(
        name="unknown-field",
        cls=C.CODE_UNKNOWN_FIELD,
        gate=Gate.CODE_STATIC,
        broken={VIEW: changed(VIEWS, 'name="borrower_id"', 'name="borower_id"')},
        twin={VIEW: changed(VIEWS, 'name="borrower_id"', 'name="create_uid"')},
        file=VIEW,
        line=line_of(VIEWS, "borrower_id"),
    ),
    Case(
        name="unknown-field-of-a-line",
        cls=C.CODE_UNKNOWN_FIELD,
        gate=Gate.CODE_STATIC,
        broken={VIEW: changed(VIEWS, 'name="title"', 'name="days"')},
        twin={VIEW: changed(VIEWS, 'name="title"', 'name="loan_id"')},
        file=VIEW,
        line=line_of(VIEWS, '"title"'),
    ),
    Case(
        name="lint",
        cls=C.CODE_LINT,
        gate=Gate.CODE_STATIC,
        broken={
            f"{M}/models/__init__.py": "from . import loan\nfrom . import query\n",
            f"{M}/models/query.py": QUERY.format("f\"SELECT 1 FROM t WHERE n = '{name}'\""),
        },
        twin={
            f"{M}/models/__init__.py": "from . import loan\nfrom . import query\n",
            f"{M}/models/query.py": QUERY.format('"SELECT 1 FROM t WHERE n = %s", [name]'),
        },
        file=f"{M}/models/query.py",
        line=8,
        severity=Severity.HIGH,
    ),
)

SECRETS: Final = (
    Case(
        name="token",
        cls=C.SECRET_CREDENTIAL,
        gate=Gate.CODE_SECRETS,
        broken={f"{M}/models/client.py": f'TOKEN = "{TOKEN}"\n'},
        twin={f"{M}/models/client.py": 'import os\n\nTOKEN = os.environ["GITHUB_TOKEN"]\n'},
        file=f"{M}/models/client.py",
        line=1,
    ),
    Case(
        name="token-beside-the-modules",
        cls=C.SECRET_CREDENTIAL,
        gate=Gate.CODE_SECRETS,
        broken={"deploy/settings.py": f'TOKEN = "{TOKEN}"\n'},
        twin={"deploy/settings.py": 'TOKEN = "ghp_…"\n'},
        file="deploy/settings.py",
        line=1,
    ),
    Case(
        name="password-of-a-conf",
        cls=C.SECRET_CREDENTIAL,
        gate=Gate.CODE_SECRETS,
        broken={"odoo.conf": "[options]\nadmin_passwd = correct-horse-battery\n"},
        twin={"odoo.conf": "[options]\nadmin_passwd = ${ADMIN_PASSWD}\n"},
        file="odoo.conf",
        line=2,
    ),
    Case(
        name="odoo-credential",
        cls=C.SECRET_ODOO,
        gate=Gate.CODE_SECRETS,
        broken={RECORDS: MAIL_SERVER.format("correct-horse-battery")},
        twin={RECORDS: MAIL_SERVER.format("")},
        file=RECORDS,
        line=4,
        also=frozenset({C.DATA_RECORD_REMOVED}),
    ),
    Case(
        name="token-in-tests",
        cls=C.SECRET_IN_TESTS,
        gate=Gate.CODE_SECRETS,
        broken={f"{M}/tests/test_client.py": f'TOKEN = "{TOKEN}"\n'},
        twin={f"{M}/tests/test_client.py": 'TOKEN = "made-up"\n'},
        file=f"{M}/tests/test_client.py",
        line=1,
    ),
)

MIGRATION: Final = (
    Case(
        name="model-dropped",
        cls=C.SCHEMA_MODEL_DROPPED,
        gate=Gate.MIGRATION_SAFETY,
        broken=WITHOUT_LINE,
        twin={VIEW: WITHOUT_LINE[VIEW]},
        file=LOAN,
        line=line_of(MODEL, "class LoanLine"),
        also=NOT_RAISED | {C.DATA_RECORD_REMOVED},
    ),
    Case(
        name="column-dropped",
        cls=C.SCHEMA_COLUMN_DROPPED,
        gate=Gate.MIGRATION_SAFETY,
        broken={LOAN: WITHOUT_NOTE, MANIFEST_FILE: NEXT},
        twin=model("note = fields.Text()", 'note = fields.Text(string="Remark", help="Free")'),
        file=LOAN,
        line=line_of(MODEL, "note ="),
    ),
    Case(
        name="column-renamed",
        cls=C.SCHEMA_COLUMN_RENAMED,
        gate=Gate.MIGRATION_SAFETY,
        broken={**model("note = fields", "notes = fields"), MANIFEST_FILE: NEXT},
        twin=model("note = fields.Text()", "note = fields.Text()\n    remarks = fields.Html()"),
        file=LOAN,
        line=line_of(MODEL, "note ="),
    ),
    Case(
        name="type-narrowed",
        cls=C.SCHEMA_TYPE_NARROWED,
        gate=Gate.MIGRATION_SAFETY,
        broken={**model("days = fields.Float()", "days = fields.Integer()"), MANIFEST_FILE: NEXT},
        twin=model("days = fields.Float()", "days = fields.Monetary()"),
        file=LOAN,
        line=line_of(MODEL, "days ="),
    ),
    Case(
        name="required-added",
        cls=C.SCHEMA_REQUIRED_ADDED,
        gate=Gate.MIGRATION_SAFETY,
        broken=model("note = fields.Text()", "note = fields.Text(required=True)"),
        twin=model("note = fields.Text()", 'note = fields.Text(required=True, default="none")'),
        file=LOAN,
        line=line_of(MODEL, "note ="),
    ),
    Case(
        name="selection-value-removed",
        cls=C.SCHEMA_SELECTION_REMOVED,
        gate=Gate.MIGRATION_SAFETY,
        broken={**model('("late", "Late"), ', ""), MANIFEST_FILE: NEXT},
        twin=model('("late", "Late"), ', '("lost", "Lost"), ("late", "Too late"), '),
        file=LOAN,
        line=line_of(MODEL, "state ="),
    ),
    Case(
        name="stored-compute",
        cls=C.SCHEMA_STORED_COMPUTE,
        gate=Gate.MIGRATION_SAFETY,
        broken=model(
            "note = fields.Text()",
            'note = fields.Text()\n    total = fields.Float(compute="_compute_total", store=True)',
        ),
        twin=model(
            "note = fields.Text()",
            'note = fields.Text()\n    total = fields.Float(compute="_compute_total")',
        ),
        file=LOAN,
        line=line_of(MODEL, "note =") + 1,
    ),
    Case(
        name="record-removed",
        cls=C.DATA_RECORD_REMOVED,
        gate=Gate.MIGRATION_SAFETY,
        broken={RECORDS: WITHOUT_SAMPLE},
        twin={RECORDS: changed(DATA, ">Sample<", ">Example<")},
        file=RECORDS,
    ),
    Case(
        name="noupdate-flipped",
        cls=C.DATA_NOUPDATE_FLIPPED,
        gate=Gate.MIGRATION_SAFETY,
        broken={RECORDS: changed(DATA, 'noupdate="1"', 'noupdate="0"')},
        twin={RECORDS: changed(DATA, 'noupdate="1"', 'noupdate="True"')},
        file=RECORDS,
        line=line_of(DATA, "loan_kept"),
    ),
    Case(
        name="delete",
        cls=C.MIGRATION_RAW_SQL,
        gate=Gate.MIGRATION_SAFETY,
        broken={MANIFEST_FILE: NEXT, POST: script('cr.execute("DELETE FROM library_loan")')},
        twin={
            MANIFEST_FILE: NEXT,
            POST: script(
                "cr.execute(\"UPDATE library_loan SET state = 'done' WHERE state = 'late'\")"
            ),
        },
        file=POST,
        line=2,
    ),
    Case(
        name="update-of-all",
        cls=C.MIGRATION_RAW_SQL,
        gate=Gate.MIGRATION_SAFETY,
        broken={
            MANIFEST_FILE: NEXT,
            POST: script("cr.execute(f\"UPDATE {'library_loan'} SET note = %s\", [''])"),
        },
        twin={
            MANIFEST_FILE: NEXT,
            POST: script('cr.execute("CREATE TABLE library_loan_kept AS TABLE library_loan")'),
        },
        file=POST,
        line=2,
    ),
    Case(
        name="version-not-raised",
        cls=C.MIGRATION_VERSION_NOT_RAISED,
        gate=Gate.MIGRATION_SAFETY,
        broken={LOAN: WITHOUT_NOTE},
        twin=with_script(
            {LOAN: WITHOUT_NOTE},
            'cr.execute("ALTER TABLE library_loan ADD COLUMN note_kept text")\n'
            '    cr.execute("UPDATE library_loan SET note_kept = note WHERE note IS NOT NULL")',
        ),
        file=MANIFEST_FILE,
        also=frozenset({C.SCHEMA_COLUMN_DROPPED}),
    ),
)

CASES: Final = (*STATIC, *SECRETS, *MIGRATION)
