"""Reads the facts of a module from its directory; nothing of it is imported or run."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from ocore.odoo.facts import BrokenPart, ModelFacts, ModuleFacts, ScriptFacts, Statement
from ocore.odoo.facts.classes import makes_external_ids, nameless_classes, read_models
from ocore.odoo.facts.data import Found, read_csv, read_xml
from ocore.odoo.facts.files import source_files
from ocore.odoo.facts.methods import methods_in, patches_in
from ocore.odoo.facts.schemas import Schemas
from ocore.odoo.facts.scripts import statements_in, words_in
from ocore.odoo.manifests import FILE_NAME, Manifest, Unreadable, read_manifest
from ocore.odoo.migrations import find_scripts
from ocore.odoo.parsing import python_error, syntax_tree


@dataclass
class _Python:
    """What the Python files hold, filled file by file."""

    models: list[ModelFacts] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    scripts: list[ScriptFacts] = field(default_factory=list)
    broken: list[BrokenPart] = field(default_factory=list)
    patches: set[str] = field(default_factory=set)
    makes_ids: bool = False
    makes_models: bool = False


def read_module(directory: Path, *, name: str, series: str, schemas: Schemas) -> ModuleFacts:
    """Return the facts of one module."""
    python, found = _python(directory), Found(module=name, schemas=schemas)
    try:
        manifest = read_manifest(directory / FILE_NAME, series=series)
    except Unreadable as failure:
        broken = BrokenPart("python", FILE_NAME, failure.line, str(failure))
        return ModuleFacts(name, broken=(broken, *python.broken))
    _data(directory, manifest, found)
    return ModuleFacts(
        name=name,
        version=manifest.version,
        depends=manifest.depends,
        installable=manifest.installable,
        broken=(*python.broken, *found.broken),
        models=tuple(python.models),
        records=tuple(found.records),
        references=tuple(found.references),
        views=tuple(found.views),
        secrets=tuple(found.secrets),
        scripts=tuple(python.scripts),
        statements=tuple(python.statements),
        makes_ids=python.makes_ids,
        makes_models=python.makes_models or bool(python.broken),
        crons=tuple(found.crons),
        patches=tuple(sorted(python.patches)),
    )


def _python(directory: Path) -> _Python:
    python, scripts = _Python(), frozenset(find_scripts(directory))
    for path in source_files(directory):
        if path.suffix != ".py" or path.name == FILE_NAME:
            continue
        file, source = path.relative_to(directory).as_posix(), path.read_bytes()
        tree = syntax_tree(source)
        if tree is None:
            broken = python_error(source, file)
            reason = broken.reason if broken else "not Python"
            line = broken.line if broken else None
            python.broken.append(BrokenPart("python", file, line, reason))
        elif file in scripts:
            python.statements.extend(statements_in(tree, file))
            python.scripts.append(ScriptFacts(file, words_in(tree)))
        else:
            _module_code(python, tree, file)
    return python


def _module_code(python: _Python, tree: ast.Module, file: str) -> None:
    # A walk takes longer than all that is read on it.
    nodes = tuple(ast.walk(tree))
    python.models.extend(read_models(nodes, file))
    python.patches.update(patches_in(nodes))
    python.makes_ids = python.makes_ids or makes_external_ids(nodes)
    for node in nameless_classes(nodes):
        python.makes_models = True
        python.patches.update(methods_in(node))


def _data(directory: Path, manifest: Manifest, found: Found) -> None:
    demo = set(manifest.demo) - set(manifest.data)
    for name in (*manifest.data, *manifest.demo):
        path = directory / name
        if not path.is_file():
            continue
        if path.suffix.lower() == ".xml":
            read_xml(path.read_bytes(), name, found, demo=name in demo)
        elif path.suffix.lower() == ".csv":
            read_csv(path.read_bytes(), name, found, demo=name in demo)
