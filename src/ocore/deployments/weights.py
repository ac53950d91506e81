"""What a change of the schema weighs on this database: findings beside the rows they concern."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ocore.deployments.evidence import Finding, FindingClass, GateAction, Severity

LARGE: Final = 1_000_000
"""Rows from which on to compute, fill or rewrite each takes minutes rather than moments."""

EVERY_ROW: Final = frozenset(
    {
        FindingClass.SCHEMA_REQUIRED_ADDED,
        FindingClass.SCHEMA_STORED_COMPUTE,
        FindingClass.SCHEMA_TYPE_NARROWED,
    }
)
"""Classes of what an update does to each row of a table that it concerns."""

_WEIGHED: Final = EVERY_ROW | {
    FindingClass.SCHEMA_COLUMN_DROPPED,
    FindingClass.SCHEMA_COLUMN_RENAMED,
    FindingClass.SCHEMA_MODEL_DROPPED,
    FindingClass.SCHEMA_SELECTION_REMOVED,
}


def tables_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Return the tables whose rows say how much these findings matter."""
    return tuple(sorted({table for each in findings if (table := _table(each)) is not None}))


def weighed(finding: Finding, rows: Mapping[str, int]) -> Finding:
    """Return a finding with how many rows it concerns, and judged by that.

    Nothing can be lost from a table without rows; what is done to every row of a large one takes
    long. What is not known changes nothing.
    """
    table = _table(finding)
    if table is None or table not in rows:
        return finding
    count = rows[table]
    told = replace(
        finding,
        excerpt=f"{finding.excerpt} ({table} has {_about(count)})",
        metadata={**finding.metadata, "table": table, "rows": count},
    )
    if count == 0 and finding.action is not GateAction.BLOCK:
        return replace(told, severity=Severity.INFO, action=GateAction.INFORM)
    if count >= LARGE and finding.cls in EVERY_ROW and finding.action is GateAction.INFORM:
        return replace(told, severity=Severity.MEDIUM, action=GateAction.WARN)
    return told


def _table(finding: Finding) -> str | None:
    model = finding.metadata.get("model")
    if finding.cls not in _WEIGHED or not isinstance(model, str):
        return None
    return model.replace(".", "_")


def _about(count: int) -> str:
    return "no rows" if count == 0 else f"about {count:,} rows"
