"""How earlier series say it, written from their formats: no Odoo but 19 runs here."""

OLDER = {
    "14: a modifier with a field that the view lacks": (
        """\
2023-01-02 10:00:00,000 7 CRITICAL prod odoo.service.server: Failed to initialize database `prod`.
Traceback (most recent call last):
  File "/opt/odoo/odoo/tools/convert.py", line 677, in _tag_root
    f(rec)
  File "/opt/odoo/odoo/addons/base/models/ir_ui_view.py", line 673, in handle_view_error
    raise ValueError(formatted_message).with_traceback(from_traceback) from from_exception
odoo.tools.convert.ParseError: while parsing /srv/library/addons/library_loans/views/loan.xml:4
Field type used in attrs.invisible ({'invisible': [('type','=','out')]}) must be present in view \
but is missing.

View name: library.loan.form
Error context:
 view: ir.ui.view(833,)
 xmlid: view_loan_form
 view.model: library.loan
""",
        (
            "library_loans/views/loan.xml line 4: an expression uses the field type, which the "
            "view does not have"
        ),
    ),
    "14: a field that does not exist, with a URL for a path": (
        """\
Traceback (most recent call last):
  File "/opt/odoo/odoo/addons/base/models/ir_ui_view.py", line 1090, in _validate_tag_field
    self.handle_view_error(msg)
odoo.exceptions.ValidationError: Error while validating view:

Field "lender" does not exist in model "library.loan"

View name: library.loan.form
Error context:
 xmlid: view_loan_form

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/opt/odoo/odoo/tools/convert.py", line 682, in _tag_root
    raise ParseError('while parsing %s:%s, near' % (url, line)) from e
odoo.tools.convert.ParseError: while parsing file:/srv/library/addons/library_loans/a.xml:3, near
<record id="view_loan_form" model="ir.ui.view"/>
""",
        'library_loans/a.xml line 3: Field "lender" does not exist in model "library.loan"',
    ),
    "14: a dependency that is not there": (
        """\
2021-01-02 10:00:00,000 7 CRITICAL prod odoo.service.server: Failed to initialize database `prod`.
Traceback (most recent call last):
  File "/opt/odoo/odoo/addons/base/models/ir_module.py", line 398, in _state_update
    raise UserError(_("You try to install module '%s' that depends on module '%s'."))
odoo.exceptions.UserError: You try to install module 'library_loans' that depends on module \
'library_shelves'.
But the latter module is not available in your system.
""",
        "library_loans: depends on library_shelves, which is not available",
    ),
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
