from odoo import api, fields, models


class LibraryLoan(models.Model):
    _name = "library.loan"
    _description = "Loan"
    _order = "date_out desc, id desc"

    book_id = fields.Many2one("library.book", required=True, ondelete="restrict")
    borrower = fields.Char(required=True)
    date_out = fields.Date(required=True, default=fields.Date.context_today)
    date_back = fields.Date()
    date_due = fields.Date()
    state = fields.Selection(
        [("out", "Out"), ("back", "Back")], compute="_compute_state", store=True
    )

    @api.depends("date_back")
    def _compute_state(self):
        for loan in self:
            loan.state = "back" if loan.date_back else "out"
