"""What an update did to a database, as findings: compared, not guessed."""

from collections.abc import Mapping
from typing import Final

from ocore.deployments.evidence import Finding, FindingClass, GateAction, Severity
from ocore.gates.catalog import found
from ocore.rehearsals import Portrait

_MOST_NAMED: Final = 8
_OF_THE_FRAMEWORK: Final = "ir_"
"""Tables in which Odoo keeps its modules' views, actions and texts: every update changes them."""


def changes_between(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    """Return what is gone, what has another type, what is new, and which rows came or went."""
    return (
        *_dropped_tables(before, after),
        *_dropped_columns(before, after),
        *_changed_types(before, after),
        *_grown(before, after),
        *_rows(before, after),
    )


def _dropped_tables(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    gone = sorted(_tables(before) - _tables(after))
    return tuple(
        found(
            FindingClass.SCHEMA_TABLE_DROPPED,
            f"the table {table} is gone, and its {before.rows.get(table, 0)} rows with it",
            table=table,
            rows=before.rows.get(table),
        )
        for table in gone
    )


def _dropped_columns(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    kept = _tables(after)
    gone = sorted(
        column
        for column in before.columns.keys() - after.columns.keys()
        if column.partition(".")[0] in kept
    )
    return tuple(
        found(
            FindingClass.SCHEMA_COLUMN_DROPPED,
            f"the column {column} is gone, and what was in it",
            action=GateAction.WARN,
            column=column,
            type=before.columns[column],
        )
        for column in gone
    )


def _changed_types(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    return tuple(
        found(
            FindingClass.SCHEMA_TYPE_CHANGED,
            f"{column} was {before.columns[column]} and is {after.columns[column]}",
            column=column,
            before=before.columns[column],
            after=after.columns[column],
        )
        for column in sorted(before.columns.keys() & after.columns.keys())
        if before.columns[column] != after.columns[column]
    )


def _grown(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    tables = sorted(_tables(after) - _tables(before))
    columns = sorted(
        column
        for column in after.columns.keys() - before.columns.keys()
        if column.partition(".")[0] not in tables
    )
    if not tables and not columns:
        return ()
    named = ", ".join([*tables, *columns][:_MOST_NAMED])
    return (
        found(
            FindingClass.SCHEMA_GROWN,
            f"{len(tables)} new tables and {len(columns)} new columns: {named}",
            tables=tables,
            columns=columns,
        ),
    )


def _rows(before: Portrait, after: Portrait) -> tuple[Finding, ...]:
    changed = {
        table: after.rows[table] - before.rows[table]
        for table in sorted(before.rows.keys() & after.rows.keys())
        if after.rows[table] != before.rows[table]
    }
    if not changed:
        return ()
    lost = any(_loses(table, rows) for table, rows in changed.items())
    return (
        found(
            FindingClass.DATA_ROWS_CHANGED,
            f"rows after the update against before: {_named(changed)}",
            severity=Severity.MEDIUM if lost else Severity.INFO,
            action=GateAction.WARN if lost else GateAction.INFORM,
            rowsByTable=changed,
        ),
    )


def _loses(table: str, rows: int) -> bool:
    return rows < 0 and not table.startswith(_OF_THE_FRAMEWORK)


def _named(changed: Mapping[str, int]) -> str:
    """Return the tables that matter most: those that lose rows of people's own."""
    order = sorted(changed, key=lambda table: (not _loses(table, changed[table]), table))
    return ", ".join(f"{table} {changed[table]:+d}" for table in order[:_MOST_NAMED])


def _tables(portrait: Portrait) -> frozenset[str]:
    return frozenset(column.partition(".")[0] for column in portrait.columns)
