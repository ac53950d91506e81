"""Gate `code.static`: what Odoo would stumble over when it loads the modules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ocore.gates.catalog import found
from ocore.gates.crons import Code, in_data
from ocore.gates.findings import Finding, FindingClass, GateAction, Severity
from ocore.gates.lint import CHECKS, LintMessage
from ocore.odoo.facts import BrokenPart, FieldUse, ModuleFacts, ViewFacts
from ocore.odoo.facts.world import World

VERSION: Final = 2
"""Grows when the same files would give other findings."""

_CLASSES: Final[dict[str, FindingClass]] = {
    "python": FindingClass.CODE_SYNTAX,
    "xml": FindingClass.CODE_SYNTAX,
    "csv": FindingClass.CODE_SYNTAX,
    "csv_skipped": FindingClass.CODE_SYNTAX,
    "schema": FindingClass.CODE_SCHEMA,
    "view_schema": FindingClass.CODE_VIEW_SCHEMA,
}
_MADE_IN_THE_DATABASE: Final = ("x_", "__", "in_group_", "sel_groups_")
"""How names of fields begin that no module's text declares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticInputs:
    """The modules in question, their paths in the repository, and what pylint-odoo said."""

    code: Code
    paths: Mapping[str, str]
    lint: Mapping[str, Sequence[LintMessage]]


@dataclass(frozen=True, slots=True)
class _Unknown:
    """A field that a model does not have; `owner` is a module that would give it to it."""

    model: str
    use: FieldUse
    view: ViewFacts
    owner: str | None


def check(inputs: StaticInputs, name: str) -> tuple[Finding, ...]:
    """Return what is wrong with one module."""
    facts, path = inputs.code.world.modules[name], inputs.paths[name]
    return (
        *(_broken(part, facts, path) for part in facts.broken),
        *_references(inputs.code.world, facts, path),
        *(
            _unknown_field(unknown, facts, path)
            for view in facts.views
            for unknown in _unknown_fields(inputs.code.world, view, name)
        ),
        *in_data(inputs.code, facts, path),
        *(_lint(message, facts, path) for message in inputs.lint.get(name, ())),
    )


def _broken(part: BrokenPart, facts: ModuleFacts, path: str) -> Finding:
    skipped = part.kind == "csv_skipped"
    return found(
        _CLASSES[part.kind],
        f"{_place(path, part.file, part.line)}: {part.reason}",
        action=GateAction.WARN if skipped else None,
        severity=Severity.MEDIUM if skipped else None,
        module=facts.name,
        file=_file(path, part.file),
        line=part.line,
    )


def _references(world: World, facts: ModuleFacts, path: str) -> Iterator[Finding]:
    for each in facts.references:
        missing = world.missing(each.xmlid, facts.name)
        if missing is None:
            continue
        cls = FindingClass.CODE_UNKNOWN_EXTERNAL_ID
        hint = f"; was {missing.meant} meant?" if missing.meant else ""
        reason = f"there is no external id {each.xmlid}{hint}"
        if missing.known:
            cls = FindingClass.CODE_UNREACHABLE_EXTERNAL_ID
            reason = f"{each.xmlid} is of {missing.namespace}, which {facts.name} does not need"
        yield found(
            cls,
            f"{_place(path, each.file, each.line)}: {reason}",
            confidence=0.95,
            module=facts.name,
            file=_file(path, each.file),
            line=each.line,
            record=each.xmlid,
        )


def _unknown_fields(world: World, view: ViewFacts, module: str) -> Iterator[_Unknown]:
    for use in view.uses:
        model = _model_at(world, view.model, use.path, module)
        if model is None or use.name.startswith(_MADE_IN_THE_DATABASE):
            continue
        fields = world.fields_of(model, world.closure(module))
        if fields is not None and use.name not in fields:
            yield _Unknown(model, use, view, world.owner_of(model, use.name))


def _model_at(world: World, model: str, path: Sequence[str], module: str) -> str | None:
    """Return the model at the end of a path of relational fields; None where it is not known."""
    for name in path:
        fields = world.fields_of(model, world.closure(module))
        target = fields.get(name) if fields else None
        if target is None:
            return None
        model = target
    return model


def _unknown_field(unknown: _Unknown, facts: ModuleFacts, path: str) -> Finding:
    view, use = unknown.view, unknown.use
    cls = FindingClass.CODE_UNKNOWN_FIELD
    reason = f"{unknown.model} has no field {use.name}"
    if unknown.owner is not None:
        cls = FindingClass.CODE_UNREACHABLE_EXTERNAL_ID
        reason = (
            f"field {use.name} of {unknown.model} is of {unknown.owner}, which {facts.name} does"
            " not need"
        )
    return found(
        cls,
        f"{_place(path, view.file, use.line)}: {reason}",
        confidence=0.95,
        module=facts.name,
        file=_file(path, view.file),
        line=use.line,
        view=view.xmlid,
        model=unknown.model,
        field=use.name,
    )


def _lint(message: LintMessage, facts: ModuleFacts, path: str) -> Finding:
    return found(
        FindingClass.CODE_LINT,
        f"{_place(path, message.file, message.line)}: {message.text} ({message.symbol})",
        confidence=0.8,
        severity=Severity(CHECKS[message.symbol]),
        module=facts.name,
        file=_file(path, message.file),
        line=message.line,
        check=message.symbol,
    )


def _file(path: str, file: str) -> str:
    return file if path == "." else f"{path}/{file}"


def _place(path: str, file: str, line: int | None) -> str:
    return f"{_file(path, file)} line {line}" if line else _file(path, file)
