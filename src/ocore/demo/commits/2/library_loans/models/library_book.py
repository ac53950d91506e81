from odoo import fields, models


class LibraryBook(models.Model):
    _name = "library.book"
    _description = "Book"
    _order = "name"

    name = fields.Char(required=True)
    isbn = fields.Char(string="ISBN")
    pages = fields.Integer()
    rating = fields.Integer(help="From 1 to 5; 0 is not rated yet.")
    loan_ids = fields.One2many("library.loan", "book_id", string="Loans")
