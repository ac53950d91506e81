"""What an update did to the shape of a database: tables, columns, Odoo's fields and views."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_MOST_NAMES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The shape at one moment.

    `columns` and `fields` say by `table.column` and `model.field` what each is; `views` is a digest
    of all view architectures.
    """

    columns: Mapping[str, str]
    fields: Mapping[str, str]
    views: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaChange:
    """The difference of two shapes, by name; long lists are cut at 200."""

    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    columns_changed: tuple[str, ...] = ()
    fields_added: tuple[str, ...] = ()
    fields_removed: tuple[str, ...] = ()
    fields_changed: tuple[str, ...] = ()
    views_changed: bool = False


def compare(before: Schema, after: Schema) -> SchemaChange:
    """Return what changed from one shape to another."""
    columns = _differences(before.columns, after.columns)
    fields = _differences(before.fields, after.fields)
    return SchemaChange(
        columns_added=columns[0],
        columns_removed=columns[1],
        columns_changed=columns[2],
        fields_added=fields[0],
        fields_removed=fields[1],
        fields_changed=fields[2],
        views_changed=before.views != after.views,
    )


def _differences(
    before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    added = sorted(after.keys() - before.keys())
    removed = sorted(before.keys() - after.keys())
    changed = sorted(name for name in before.keys() & after.keys() if before[name] != after[name])
    return _cut(added), _cut(removed), _cut(changed)


def _cut(names: list[str]) -> tuple[str, ...]:
    return tuple(names[:_MOST_NAMES])
