"""Which fields a view names, and on which model."""

from collections.abc import Iterator
from typing import Final

from lxml import etree

from ocore.odoo.facts import FieldUse

_SUBVIEWS: Final = frozenset(
    {"list", "tree", "form", "kanban", "graph", "pivot", "calendar", "activity", "gantt", "map"}
)
_KNOWN: Final = _SUBVIEWS | {"search"}
_OWN_LANGUAGE: Final = frozenset({"gantt", "map", "cohort", "grid", "qweb", "hierarchy"})


def uses_in(arch: etree._Element) -> Iterator[FieldUse]:
    """Yield the fields that a whole view names; nothing for a kind of view we do not know."""
    if arch.tag in _KNOWN and arch.tag not in _OWN_LANGUAGE:
        yield from _below(arch, ())


def _below(node: etree._Element, path: tuple[str, ...]) -> Iterator[FieldUse]:
    for child in node:
        if not isinstance(child.tag, str) or child.tag in _OWN_LANGUAGE:
            continue
        name = child.get("name")
        if child.tag == "field" and name:
            yield FieldUse(path, name, child.sourceline or 0)
            yield from _inside(child, path, name)
        elif child.tag == "groupby" and name:
            yield FieldUse(path, name, child.sourceline or 0)
            yield from _below(child, (*path, name))
        else:
            yield from _below(child, path)


def _inside(field: etree._Element, path: tuple[str, ...], name: str) -> Iterator[FieldUse]:
    for child in field:
        if isinstance(child.tag, str) and child.tag in _SUBVIEWS - _OWN_LANGUAGE:
            yield from _below(child, (*path, name))
