"""Loans from before due dates are due three weeks after they went out."""


def migrate(cr, version):
    cr.execute(
        """
        UPDATE library_loan
           SET date_due = date_out + 21
         WHERE date_due IS NULL
        """
    )
