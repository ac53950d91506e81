"""What PostgreSQL refuses."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

DATABASE: Final = (
    Signature(
        pattern=known_by(r"LockNotAvailable|canceling statement due to lock timeout"),
        title="A table was locked for too long",
        explanation=(
            "Odoo had to change a table that another session was using, and gave up after its "
            "lock timeout of 15 seconds. A report, a backup or a tool on the database will do."
        ),
        suggested_fix=(
            "See who is connected (pg_stat_activity, pg_blocking_pids), let them end and try again."
        ),
        retryable=True,
        docs_url="https://www.postgresql.org/docs/current/explicit-locking.html",
    ),
    Signature(
        pattern=known_by(r"SerializationFailure|could not serialize access"),
        title="Two transactions changed the same rows",
        explanation=(
            "Odoo works on a snapshot of the data; when another transaction has changed a row in "
            "the meantime, PostgreSQL refuses the second change."
        ),
        suggested_fix=(
            "Try again with nobody else writing. In a migration script do not open a second cursor."
        ),
        retryable=True,
        docs_url="https://www.postgresql.org/docs/current/transaction-iso.html",
    ),
    Signature(
        pattern=known_by(r"DeadlockDetected|deadlock detected"),
        title="A deadlock",
        explanation="Two transactions waited for each other, so PostgreSQL ended one of them.",
        suggested_fix="Try again with nobody else writing to these tables.",
        retryable=True,
        docs_url="https://www.postgresql.org/docs/current/explicit-locking.html",
    ),
    Signature(
        pattern=known_by(r"NotNullViolation: null value in column \"(?P<column>[^\"]+)\""),
        title="A required value is missing",
        explanation="The column {column} must not be empty, and a row would have left it so.",
        suggested_fix="Set {column} in the data file, or fill it in a migration script first.",
    ),
    Signature(
        pattern=known_by(r"UniqueViolation: .*constraint \"(?P<constraint>[^\"]+)\""),
        title="A value that must be unique exists already",
        explanation="The constraint {constraint} allows each value once.",
        suggested_fix="Find the rows that share the value and merge or change them first.",
    ),
    Signature(
        pattern=known_by(r"ForeignKeyViolation: .*constraint \"(?P<constraint>[^\"]+)\""),
        title="A row is still referred to, or refers to nothing",
        explanation="The foreign key {constraint} would point to a row that does not exist.",
        suggested_fix="Delete or change the rows that refer to it, or create what is missing.",
    ),
    Signature(
        pattern=known_by(r"CheckViolation: .*constraint \"(?P<constraint>[^\"]+)\""),
        title="A row breaks a constraint",
        explanation="The constraint {constraint} does not hold for a row.",
        suggested_fix="Correct the rows in a migration script (pre-) before the constraint comes.",
    ),
    Signature(
        pattern=known_by(r"Undefined(Column|Table): (?P<what>[^\n]+)"),
        title="SQL names a column or table that does not exist",
        explanation=(
            "In a pre- script the columns of the new version do not exist yet; in a post- script "
            "those that the new version dropped may be gone."
        ),
        suggested_fix="Check the name, and whether the script belongs into pre- or post-.",
    ),
    Signature(
        pattern=known_by(r"psycopg2\.errors\.InsufficientPrivilege"),
        title="The database role may not do this",
        explanation="The instance's role owns its database and nothing else.",
        suggested_fix="Let an administrator of the server do it once, such as CREATE EXTENSION.",
    ),
    Signature(
        pattern=known_by(r"^psycopg2\.(errors\.)?(?P<kind>\w+)"),
        title="PostgreSQL refused a statement",
        explanation="The database answered with {kind}.",
        suggested_fix="Correct the statement at the place named here.",
    ),
)
