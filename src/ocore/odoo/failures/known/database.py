"""What PostgreSQL refuses."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

DATABASE: Final = (
    Signature(
        pattern=known_by(r"LockNotAvailable|canceling statement due to lock timeout"),
        title="A table was locked for too long",
        explanation=(
            "Odoo had to change a table that another session was using, and gave up when the lock "
            "timeout was over. A report, a backup or a tool on the database will do."
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
        pattern=known_by(
            r"(?P<reason>constraint [^\n]* is violated by some row"
            r"|could not create unique index [^\n]*|column [^\n]* contains null values"
            r"|Table [^\n]*: unable to set NOT NULL on column [^\n]*)"
        ),
        title="A new constraint does not hold for the rows there are",
        cause="{reason}",
        explanation=(
            "Odoo logs this and goes on without the constraint, so that the update seems to have "
            "gone well and the rule is not kept."
        ),
        suggested_fix="Correct the rows in a pre- script, before the constraint comes.",
    ),
    Signature(
        pattern=known_by(
            r"(?:ForeignKey|Restrict)Violation: .*constraint \"(?P<constraint>[^\"]+)\""
        ),
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
        pattern=known_by(r"QueryCanceled: canceling statement due to (?P<why>statement timeout)"),
        title="A statement took longer than it may",
        explanation="statement_timeout is set for the session, the role, or the database.",
        suggested_fix=(
            "Let the script work in smaller steps or raise statement_timeout for it; an index may "
            "be all that is missing."
        ),
        docs_url="https://www.postgresql.org/docs/current/runtime-config-client.html",
    ),
    Signature(
        pattern=known_by(r"InFailedSqlTransaction"),
        title="A statement failed before, and its error was swallowed",
        explanation=(
            "After an error PostgreSQL takes no further statement until the transaction is rolled "
            "back. The error that counts came earlier, and the code caught it."
        ),
        suggested_fix="Put what may fail into `with cr.savepoint():`, or do not catch its error.",
    ),
    Signature(
        pattern=known_by(r"psycopg2\.errors\.SyntaxError: (?P<reason>[^\n]+)"),
        title="SQL does not parse",
        explanation="PostgreSQL cannot read the statement.",
        suggested_fix="Try the statement in psql.",
    ),
    Signature(
        pattern=known_by(
            r"(?:InvalidTextRepresentation|NumericValueOutOfRange|StringDataRightTruncation"
            r"|DatatypeMismatch|CannotCoerce|InvalidDatetimeFormat): [^\n]+"
        ),
        title="A value does not fit its column's type",
        explanation="A row holds a value that the new type does not allow.",
        suggested_fix="Convert such values first, in a pre- script.",
    ),
    Signature(
        pattern=known_by(r"extension \"(?P<name>[^\"]+)\" is not available"),
        title="An extension of PostgreSQL is not installed",
        explanation="{name} is not among the server's files.",
        suggested_fix="Install it on the server (Debian: postgresql-contrib), or do without.",
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
