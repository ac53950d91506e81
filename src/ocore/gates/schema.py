"""The tables that modules make, and how those of two commits differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from ocore.gates.findings import FindingClass
from ocore.odoo.facts import FieldFacts, ModelFacts, ModuleFacts
from ocore.odoo.facts.world import World

_WIDENINGS: Final = frozenset(
    {
        ("Char", "Text"),
        ("Char", "Html"),
        ("Text", "Char"),
        ("Text", "Html"),
        ("Selection", "Char"),
        ("Selection", "Text"),
        ("Integer", "Float"),
        ("Integer", "Monetary"),
        ("Float", "Monetary"),
        ("Monetary", "Float"),
        ("Date", "Datetime"),
        ("Many2one", "Integer"),
    }
)
"""Changes of type in which every value keeps its meaning (odoo/fields, `column_cast_from`)."""

_ALIKE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Column:
    """A model, and one of its fields; an empty field means the whole table."""

    model: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a module says so."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One way in which the tables of a module differ."""

    cls: FindingClass
    column: Column
    place: Place
    sentence: str
    confidence: float = 0.9


@dataclass(frozen=True)
class Schema:
    """What one module declares at one commit, among all modules of that commit."""

    facts: ModuleFacts
    world: World

    def models(self) -> dict[str, list[ModelFacts]]:
        """Return the classes with durable rows, by model."""
        found: dict[str, list[ModelFacts]] = {}
        for each in self.facts.models:
            if each.kind != "transient" and each.auto:
                found.setdefault(each.name, []).append(each)
        return found

    def fields(self) -> dict[Column, FieldFacts]:
        """Return the fields that have a column, or a table of their own."""
        return {
            Column(name, field.name): field
            for name, classes in self.models().items()
            for each in classes
            for field in each.fields
            if is_stored(field)
        }

    def declares(self, column: Column) -> bool:
        """Say whether any module still gives the model this field, or whether one may."""
        everywhere = self.world.modules
        fields = self.world.fields_of(column.model, everywhere)
        if fields is not None:
            return column.field in fields
        classes = self.world.classes_of(column.model, everywhere)
        return any(
            column.field == name
            for each in classes
            for name in (*each.loose, *(field.name for field in each.fields))
        )

    def choices(self, column: Column) -> set[str] | None:
        """Return all values of a selection; None when they are not written out."""
        found: set[str] = set()
        for each in self.world.classes_of(column.model, self.world.modules):
            for field in each.fields:
                if field.name == column.field and field.type == "Selection":
                    found.update(field.selection or (), field.selection_add)
                    if field.selection is None and not field.selection_add:
                        return None
        return found


def is_stored(field: FieldFacts) -> bool:
    if field.type == "One2many":
        return False
    computed = field.compute or field.related is not None
    return field.store is True if computed else field.store is not False


def schema_changes(old: Schema, new: Schema) -> Iterator[Change]:
    """Yield what an update would do to the tables, as far as it can lose something."""
    dropped_models = set(_dropped_models(old, new))
    for name in sorted(dropped_models):
        first = old.models()[name][0]
        yield Change(
            cls=FindingClass.SCHEMA_MODEL_DROPPED,
            column=Column(name),
            place=Place(first.file, first.line),
            sentence=f"model {name} is gone, and its table with it",
        )
    before, after = old.fields(), new.fields()
    gone = [
        column
        for column in before
        if column not in after
        and column.model not in dropped_models
        and not new.declares(column)
        and _is_kept(column.model, new)
    ]
    fresh = [column for column in after if column not in before and not _had(column, old)]
    yield from _gone(gone, fresh, before, after)
    for column in before:
        if column in after:
            yield from _changed(column, before[column], after[column], old, new)
    for column in fresh:
        if column.model in old.models() or not _creates(column.model, new):
            yield from _added(column, after[column])


def _dropped_models(old: Schema, new: Schema) -> Iterator[str]:
    for name, classes in old.models().items():
        made = any(each.creates and each.kind == "model" for each in classes)
        if made and not _is_kept(name, new):
            yield name


def _is_kept(model: str, new: Schema) -> bool:
    if new.facts.makes_models:
        return True
    return any(True for _ in new.world.classes_of(model, new.world.modules))


def _had(column: Column, old: Schema) -> bool:
    return any(
        field.name == column.field
        for each in old.world.classes_of(column.model, old.world.modules)
        for field in each.fields
    )


def _creates(model: str, new: Schema) -> bool:
    return any(each.creates for each in new.models().get(model, ()))


def _gone(
    gone: list[Column],
    fresh: list[Column],
    before: dict[Column, FieldFacts],
    after: dict[Column, FieldFacts],
) -> Iterator[Change]:
    for column in gone:
        field, name = before[column], _renamed(column, fresh, before, after)
        place = Place(field.file, field.line)
        if name is None:
            yield Change(
                cls=FindingClass.SCHEMA_COLUMN_DROPPED,
                column=column,
                place=place,
                sentence=f"field {column.field} of {column.model} is gone, and its column with it",
            )
        else:
            new = after[Column(column.model, name)]
            yield Change(
                cls=FindingClass.SCHEMA_COLUMN_RENAMED,
                column=column,
                place=Place(new.file, new.line),
                sentence=f"field {column.field} of {column.model} seems to be called {name} now",
                confidence=0.8,
            )


def _renamed(
    column: Column,
    fresh: list[Column],
    before: dict[Column, FieldFacts],
    after: dict[Column, FieldFacts],
) -> str | None:
    """Return the new name of a field, when one of its kind is new that looks like it."""
    old = before[column]
    alike = [
        (SequenceMatcher(None, column.field, each.field).ratio(), each.field)
        for each in fresh
        if each.model == column.model
        and (after[each].type, after[each].comodel) == (old.type, old.comodel)
    ]
    best = max(alike, default=(0.0, ""))
    return best[1] if best[0] >= _ALIKE or len(alike) == 1 else None


def _changed(
    column: Column, old: FieldFacts, new: FieldFacts, before: Schema, after: Schema
) -> Iterator[Change]:
    place, what = Place(new.file, new.line), f"field {column.field} of {column.model}"
    reason = _narrowing(old, new)
    if reason:
        yield Change(
            cls=FindingClass.SCHEMA_TYPE_NARROWED,
            column=column,
            place=place,
            sentence=f"{what} {reason}",
        )
    if new.required and not old.required and not _fills_itself(new):
        yield Change(
            cls=FindingClass.SCHEMA_REQUIRED_ADDED,
            column=column,
            place=place,
            sentence=f"{what} becomes required and has no default",
        )
    if old.type == new.type == "Selection":
        was, now = before.choices(column), after.choices(column)
        for value in sorted((was or set()) - now) if now is not None else ():
            yield Change(
                cls=FindingClass.SCHEMA_SELECTION_REMOVED,
                column=column,
                place=place,
                sentence=f"{what} no longer has the value {value!r}",
            )


def _narrowing(old: FieldFacts, new: FieldFacts) -> str | None:
    if old.type != new.type:
        if (old.type, new.type) in _WIDENINGS:
            return None
        return f"changes from {old.type} to {new.type}"
    if old.comodel and new.comodel and old.comodel != new.comodel:
        return f"points to {new.comodel} instead of {old.comodel}"
    if new.size is not None and (old.size is None or new.size < old.size):
        return f"is cut at {new.size} characters"
    return None


def _fills_itself(field: FieldFacts) -> bool:
    return field.default or field.compute or field.related is not None


def _added(column: Column, field: FieldFacts) -> Iterator[Change]:
    place, what = Place(field.file, field.line), f"field {column.field} of {column.model}"
    if field.required and not _fills_itself(field):
        yield Change(
            cls=FindingClass.SCHEMA_REQUIRED_ADDED,
            column=column,
            place=place,
            sentence=f"{what} is new, required, and has no default",
        )
    if field.compute and field.store:
        yield Change(
            cls=FindingClass.SCHEMA_STORED_COMPUTE,
            column=column,
            place=place,
            sentence=f"{what} is new, computed and stored",
        )
