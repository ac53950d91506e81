"""Gate `migration.safety`: what an update from the live commit would take from the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ocore.gates.catalog import CLASSES, found
from ocore.gates.findings import Finding, FindingClass, GateAction, Severity
from ocore.gates.schema import Column, Place, Schema, schema_changes
from ocore.odoo.facts import ModuleFacts, RecordFacts
from ocore.odoo.facts.world import World

VERSION: Final = 1
"""Grows when the same files would give other findings."""

_EASILY_MADE_AGAIN: Final = frozenset(
    {
        "ir.ui.view",
        "ir.ui.menu",
        "ir.model.access",
        "ir.rule",
        "ir.asset",
        "ir.actions.report",
        "ir.actions.act_window",
        "ir.actions.act_window.view",
        "ir.actions.server",
        "ir.actions.client",
        "ir.actions.act_url",
    }
)
"""Models whose records hold no data of people."""

_NEEDS_SCRIPT: Final = frozenset(
    {
        FindingClass.SCHEMA_MODEL_DROPPED,
        FindingClass.SCHEMA_COLUMN_DROPPED,
        FindingClass.SCHEMA_COLUMN_RENAMED,
        FindingClass.SCHEMA_TYPE_NARROWED,
        FindingClass.SCHEMA_SELECTION_REMOVED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationInputs:
    """Two commits. `before` and `after` hold the modules of the repository alone, by name."""

    before: Mapping[str, ModuleFacts]
    after: Mapping[str, ModuleFacts]
    world: World
    paths: Mapping[str, str]


def check(inputs: MigrationInputs) -> Iterator[Finding]:
    """Yield what the modules that are in both commits would lose."""
    kept = [name for name in inputs.before if name in inputs.after]
    for name in sorted(kept):
        before, after = inputs.before[name], inputs.after[name]
        if before != after:
            readable = not any(part.kind == "python" for part in after.broken)
            schema = _schema(inputs, before, after) if readable else ()
            findings = [*schema, *_sql(inputs, before, after)]
            yield from findings
            yield from _records(inputs, before, after)
            yield from _version(inputs, before, after, findings)


def _schema(inputs: MigrationInputs, before: ModuleFacts, after: ModuleFacts) -> Iterator[Finding]:
    old = Schema(before, World(inputs.before, frozenset(inputs.before)))
    new = Schema(after, inputs.world)
    for change in schema_changes(old, new):
        script = _script_about(change.column, before, after)
        path = inputs.paths[after.name]
        handled = f"; {path}/{script} mentions it" if script else ""
        facts = CLASSES[change.cls]
        blocks = facts.action is GateAction.BLOCK
        yield found(
            change.cls,
            f"{_place(path, change.place)}: {change.sentence}{handled}",
            confidence=change.confidence,
            action=GateAction.WARN if script and blocks else facts.action,
            severity=Severity.MEDIUM if script and blocks else facts.severity,
            module=after.name,
            file=_file(path, change.place.file),
            line=change.place.line,
            model=change.column.model,
            field=change.column.field,
            script=script,
        )


def _script_about(column: Column, before: ModuleFacts, after: ModuleFacts) -> str | None:
    """Return a new or changed script that names the column, or the table where that is all."""
    old = set(before.scripts)
    wanted = column.field or column.model
    for script in after.scripts:
        if script not in old and {wanted, wanted.replace(".", "_")} & set(script.words):
            return script.file
    return None


def _sql(inputs: MigrationInputs, before: ModuleFacts, after: ModuleFacts) -> Iterator[Finding]:
    known = {(each.kind, each.text) for each in before.statements}
    path = inputs.paths[after.name]
    for each in after.statements:
        if (each.kind, each.text) not in known:
            yield found(
                FindingClass.MIGRATION_RAW_SQL,
                f"{_file(path, each.file)} line {each.line}: {each.kind}: {each.text}",
                confidence=0.9,
                module=after.name,
                file=_file(path, each.file),
                line=each.line,
                statement=each.kind,
            )


def _records(inputs: MigrationInputs, before: ModuleFacts, after: ModuleFacts) -> Iterator[Finding]:
    old = {each.xmlid: each for each in before.records if not each.demo}
    new = {each.xmlid: each for facts in inputs.after.values() for each in facts.records}
    words = {word for each in after.scripts if each not in before.scripts for word in each.words}
    path = inputs.paths[after.name]
    for xmlid, record in old.items():
        if xmlid not in new:
            yield from _removed(record, after.name, path, words)
        elif record.noupdate != new[xmlid].noupdate and not new[xmlid].demo:
            yield _flipped(new[xmlid], after.name, path)


def _removed(record: RecordFacts, module: str, path: str, words: set[str]) -> Iterator[Finding]:
    # Odoo keeps records with noupdate when they are declared no longer.
    if record.noupdate:
        return
    harmless = record.model in _EASILY_MADE_AGAIN
    handled = bool({record.xmlid, record.xmlid.partition(".")[2]} & words)
    yield found(
        FindingClass.DATA_RECORD_REMOVED,
        f"{_file(path, record.file)}: {record.xmlid} ({record.model}) is no longer declared",
        action=GateAction.INFORM if harmless or handled else None,
        severity=Severity.INFO if harmless or handled else None,
        module=module,
        file=_file(path, record.file),
        line=None,
        record=record.xmlid,
        model=record.model,
    )


def _flipped(record: RecordFacts, module: str, path: str) -> Finding:
    place = f"{_file(path, record.file)} line {record.line}"
    return found(
        FindingClass.DATA_NOUPDATE_FLIPPED,
        f"{place}: {record.xmlid} is now noupdate={int(record.noupdate)}",
        module=module,
        file=_file(path, record.file),
        line=record.line,
        record=record.xmlid,
    )


def _version(
    inputs: MigrationInputs, before: ModuleFacts, after: ModuleFacts, findings: list[Finding]
) -> Iterator[Finding]:
    needs = sorted({each.cls for each in findings if each.cls in _NEEDS_SCRIPT})
    if needs and before.version == after.version:
        file = _file(inputs.paths[after.name], "__manifest__.py")
        yield found(
            FindingClass.MIGRATION_VERSION_NOT_RAISED,
            f"{file}: the version stays {after.version}, though there is {', '.join(needs)}",
            module=after.name,
            file=file,
            line=None,
        )


def _file(path: str, file: str) -> str:
    return file if path == "." else f"{path}/{file}"


def _place(path: str, place: Place) -> str:
    return f"{_file(path, place.file)} line {place.line}"
