"""Loans that are back need not be kept one by one."""


def migrate(cr, version):
    cr.execute("UPDATE library_book SET rating = 0")
    cr.execute("DELETE FROM library_loan")
    # What must not happen on a Friday evening: the column was never called so.
    cr.execute("UPDATE library_book SET archived_loans = loan_count")
