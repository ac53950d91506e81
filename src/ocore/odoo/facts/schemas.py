"""Odoo's own grammars of data files and views, taken from the Odoo that will load them."""

import hashlib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lxml import etree

from ocore.odoo.facts import BrokenPart

_MOST_TRIES: Final = 300
_VIEW_TYPES: Final = ("list", "search", "pivot", "graph", "calendar", "activity")


@dataclass(frozen=True)
class Schemas:
    """Compiled grammars; without an Odoo there are none, and nothing breaks them."""

    data: etree.RelaxNG | None = None
    views: dict[str, etree.RelaxNG] = field(default_factory=dict)

    def errors_in(self, document: etree._ElementTree, file: str) -> Iterator[BrokenPart]:
        """Yield the first thing that keeps Odoo from loading a data file, if there is one."""
        if self.data is not None and not self.data.validate(document):
            error = self.data.error_log[0]
            culprit = _culprit(self.data, document.getroot())
            line, reason = culprit or (error.line, error.message)
            yield BrokenPart("schema", file, line, reason)

    def errors_of_view(self, arch: etree._Element, file: str) -> Iterator[BrokenPart]:
        """Yield the first thing that makes Odoo refuse a view."""
        grammar = self.views.get(str(arch.tag))
        if grammar is not None and not grammar.validate(arch):
            error = grammar.error_log[0]
            yield BrokenPart("view_schema", file, error.line or arch.sourceline, error.message)


def _culprit(grammar: etree.RelaxNG, root: etree._Element) -> tuple[int, str] | None:
    """Return the first thing without which its part of the document would be right.

    libxml2 complains of the first child of the root, whichever part of whichever child is wrong.
    """
    for child in root:
        alone = etree.Element(root.tag)
        alone.append(deepcopy(child))
        if not grammar.validate(alone):
            return _without(grammar, alone, child)
    return None


def _without(
    grammar: etree.RelaxNG, alone: etree._Element, child: etree._Element
) -> tuple[int, str]:
    tries = 0
    for node, original in zip(alone[0].iter(), child.iter(), strict=True):
        line = original.sourceline or 0
        for name in list(node.attrib):
            value = node.attrib.pop(name)
            if grammar.validate(alone):
                return line, f"<{node.tag!s}> must not have the attribute {name}"
            node.set(name, value)
        parent = node.getparent()
        if parent is None or parent is alone:
            continue
        place = parent.index(node)
        parent.remove(node)
        if grammar.validate(alone):
            return line, f"<{node.tag!s}> is not allowed in <{parent.tag!s}>, or lacks an attribute"
        parent.insert(place, node)
        tries += 1
        if tries > _MOST_TRIES:
            break
    return child.sourceline or 0, f"<{child.tag!s}> breaks the grammar of data files"


def files_of(odoo: Path | None, addons: Path | None) -> dict[str, Path]:
    """Return where the grammars lie: `data`, and those of views by type; only what is there."""
    found = {}
    if odoo is not None:
        found["data"] = odoo / "import_xml.rng"
    if addons is not None:
        found |= {name: addons / "base" / "rng" / f"{name}_view.rng" for name in _VIEW_TYPES}
    return {name: path for name, path in found.items() if path.is_file()}


def read_schemas(files: dict[str, Path]) -> Schemas:
    grammars = {name: etree.RelaxNG(etree.parse(path)) for name, path in files.items()}
    return Schemas(data=grammars.pop("data", None), views=grammars)


def hash_of(files: dict[str, Path]) -> str:
    """Return what tells these grammars from others."""
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode() + b"\0" + files[name].read_bytes())
    return digest.hexdigest()
