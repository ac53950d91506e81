"""Migration scripts: which ones Odoo runs when a module goes from one version to another.

Odoo says nothing about a script that it never runs (odoo/modules/migration.py), so we do.
"""

import ast
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ocore.odoo.parsing import syntax_tree
from ocore.odoo.versions import version_key

FOLDERS: Final = ("migrations", "upgrades")
STAGES: Final = ("pre", "post", "end")
EVERY_VERSION: Final = "0.0.0"
"""Scripts in this folder run at every change of version."""

_PARAMETERS: Final = (("cr", "_cr"), ("version", "_version"))
_FOLDER_NAME: Final = re.compile(
    r"""
    ( ( 6\.1 | [6-9]\.0 | [1-9]\d+\.0 | ([7-9]|10)\.saas~[1-9]\d* | saas~(1[1-9]|[2-9]\d+)\.[1-9] )
      \. )?                       # the series may stand in front of
    \d+ \. \d+ ( \. \d+ )?        # two or three numbers
    """,
    re.VERBOSE | re.ASCII,
)


def find_scripts(module: Path) -> tuple[str, ...]:
    """Return the Python files where Odoo looks for scripts, relative to the module, sorted."""
    found = (
        path.relative_to(module).as_posix()
        for folder in FOLDERS
        for path in module.glob(f"{folder}/*/*.py")
        if path.is_file() and path.name != "__init__.py" and path.parent.name != "tests"
    )
    return tuple(sorted(found))


def has_migrate(source: bytes) -> bool:
    """Say whether a script has what Odoo calls: `migrate(cr, version)`, with just these names.

    What is imported, assigned or decorated gets the benefit of the doubt.
    """
    tree = syntax_tree(source)
    if tree is None:
        return False
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "migrate":
            return bool(node.decorator_list) or _takes_cursor_and_version(node.args)
    return any("migrate" in _bound_names(node) for node in ast.walk(tree))


def folder_of(script: str) -> str:
    """Return the name of the script's folder: the version it is for."""
    return script.split("/")[-2]


def stage_of(script: str) -> str | None:
    """Return pre, post or end; None for a file that Odoo never runs."""
    stage, hyphen, _ = script.rsplit("/", 1)[-1].partition("-")
    return stage if hyphen and stage in STAGES else None


def is_version_folder(name: str) -> bool:
    """Say whether Odoo takes scripts from a folder of this name."""
    return _FOLDER_NAME.fullmatch(name) is not None


def is_newer(folder: str, than: str, *, series: str) -> bool:
    """Say whether a folder's scripts are for a version beyond this full version."""
    if folder == EVERY_VERSION:
        return False
    script, version = _comparable(folder, than, series)
    return script > version


def runs(folder: str, *, installed: str, version: str, series: str) -> bool:
    """Say whether scripts of this folder run on the way from `installed` to `version`."""
    if folder == EVERY_VERSION:
        return version_key(installed) < version_key(version)
    return is_newer(folder, installed, series=series) and not is_newer(
        folder, version, series=series
    )


def scripts_to_run(
    scripts: Sequence[str], *, installed: str, version: str, series: str
) -> tuple[str, ...]:
    """Return the scripts that run on the way from `installed` to `version`, in Odoo's order."""
    chosen = [
        script
        for script in scripts
        if stage_of(script)
        and is_version_folder(folder_of(script))
        and runs(folder_of(script), installed=installed, version=version, series=series)
    ]
    return tuple(sorted(chosen, key=lambda script: _order(script, series)))


def _order(script: str, series: str) -> tuple[int, int, tuple[int, ...], str]:
    stage, folder = STAGES.index(stage_of(script) or ""), folder_of(script)
    # Scripts for every version come first before the module loads, and last after it.
    every = (-1 if stage == 0 else 1) if folder == EVERY_VERSION else 0
    return stage, every, version_key(_with_series(folder, series)), script.rsplit("/", 1)[-1]


def _comparable(folder: str, version: str, series: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return both sides; a folder without a series is compared without one, as Odoo does."""
    full = _with_series(folder, series)
    if full == folder:
        return version_key(full), version_key(version)
    return version_key(full)[2:], version_key(version)[2:]


def _with_series(folder: str, series: str) -> str:
    return folder if folder.count(".") > 2 else f"{series}.{folder}"


def _takes_cursor_and_version(arguments: ast.arguments) -> bool:
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return False
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    return len(names) == len(_PARAMETERS) and all(
        name in allowed for name, allowed in zip(names, _PARAMETERS, strict=True)
    )


def _bound_names(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = {each.asname or each.name for each in node.names}
        return names | ({"migrate"} if "*" in names else set())
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets if isinstance(target, ast.Name)}
    return {node.name} if isinstance(node, ast.FunctionDef) else set()
