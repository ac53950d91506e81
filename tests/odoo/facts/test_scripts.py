import ast

import pytest

from ocore.odoo.facts.scripts import statements_in, words_in


def kinds(body: str) -> list[str]:
    return [each.kind for each in statements_in(ast.parse(body), "post-x.py")]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("cr.execute('DROP TABLE loan')", "DROP TABLE"),
        ("cr.execute('drop table if exists loan cascade')", "DROP TABLE"),
        ("cr.execute('TRUNCATE loan')", "TRUNCATE"),
        ("cr.execute('DELETE FROM loan WHERE id = %s', (1,))", "DELETE"),
        ("cr.execute('UPDATE loan SET note = NULL')", "UPDATE without WHERE"),
        ("cr.execute('ALTER TABLE loan DROP COLUMN note')", "DROP COLUMN"),
        ("env.cr.execute(f'DELETE FROM {table}')", "DELETE"),
        ("cr.execute('DELETE FROM %s' % table)", "DELETE"),
        ("cr.execute('DELETE FROM {}'.format(table))", "DELETE"),
        ("cr.execute('DELETE ' + 'FROM loan')", "DELETE"),
        ("cr.execute(SQL('DELETE FROM loan'))", "DELETE"),
        ("QUERY = 'DELETE FROM loan'\ncr.execute(QUERY)", "DELETE"),
        ("openupgrade.logged_query(cr, 'DELETE FROM loan')", "DELETE"),
        ("openupgrade.drop_columns(cr, [('loan', 'note')])", "drop_columns"),
        ("util.remove_field(cr, 'loan', 'note')", "remove_field"),
    ],
)
def test_what_takes_something_away_is_found(body: str, kind: str) -> None:
    assert kinds(body) == [kind]


@pytest.mark.parametrize(
    "body",
    [
        "cr.execute('SELECT 1')",
        "cr.execute('UPDATE loan SET note = NULL WHERE note = %s', ('',))",
        "cr.execute('UPDATE loan SET days = l.days FROM line l WHERE l.loan_id = loan.id')",
        "cr.execute('ALTER TABLE loan ADD COLUMN kept text')",
        "cr.execute('ALTER TABLE loan RENAME COLUMN note TO remark')",
        "cr.execute('DROP INDEX IF EXISTS loan_note_idx')",
        "cr.execute('ALTER TABLE loan DROP CONSTRAINT loan_unique')",
        "cr.execute('this is no SQL; delete')",
        "cr.execute(query)",
        "_logger.info('DELETE FROM loan')",
    ],
)
def test_what_keeps_everything_is_left_alone(body: str) -> None:
    assert kinds(body) == []


def test_each_statement_of_a_text_is_looked_at_and_has_its_line() -> None:
    body = "def migrate(cr, version):\n    cr.execute('''\n    SELECT 1; DELETE FROM a;\n    ''')"
    (found,) = statements_in(ast.parse(body), "pre-x.py")
    assert (found.kind, found.line) == ("DELETE", 2)


def test_the_names_a_script_is_about_are_its_words() -> None:
    tree = ast.parse("cr.execute('ALTER TABLE library_loan RENAME note TO remark')\nx = 'a.b_c'")
    assert {"library_loan", "note", "remark", "a.b_c"} <= set(words_in(tree))
