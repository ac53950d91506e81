from odoo import fields, models


class LibraryBook(models.Model):
    _name = "library.book"
    _description = "Book"
    _order = "name"

    name = fields.Char(required=True)
    isbn = fields.Char(string="ISBN")
    pages = fields.Integer()
    loan_ids = fields.One2many("library.loan", "book_id", string="Loans")
