"""How series between say it, written from their formats: only Odoo 14 and 19 run here."""

OLDER = {
    "16: a template": (
        """\
2024-01-02 10:00:00,000 7 ERROR prod odoo.http: Exception during request handling.
Traceback (most recent call last):
  File "<192>", line 30, in template_192
KeyError: 'loan'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/opt/odoo/odoo/addons/base/models/ir_qweb.py", line 594, in _render
    raise QWebException("Error while render the template", self, options, ref=ref) from e
odoo.addons.base.models.ir_qweb.QWebException: Error while render the template
KeyError: 'loan'
Template: library_loans.report_loan
Path: /t/t/p
Node: <p t-out="loan.name"/>
""",
        (
            "A template cannot be rendered: KeyError: 'loan' in template library_loans.report_loan "
            '<p t-out="loan.name"/>'
        ),
    ),
    "18: the kind of a view": (
        """\
2025-01-02 10:00:00,000 7 CRITICAL prod odoo.service.server: Failed to initialize database `prod`.
Traceback (most recent call last):
  File "/opt/odoo/odoo/tools/convert.py", line 590, in _tag_root
    raise ParseError(msg) from None
odoo.tools.convert.ParseError: while parsing /srv/library/addons/library_loans/views/loan.xml:4
Invalid view type: 'tree'.
You might have used an invalid starting tag in the architecture.
""",
        "library_loans/views/loan.xml line 4: Invalid view type: 'tree'",
    ),
}
