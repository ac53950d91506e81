"""The modules of a directory: their manifests, checksums and migration scripts."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ocore.odoo.checksums import module_checksum
from ocore.odoo.manifests import FILE_NAME, Manifest, Unreadable, read_manifest
from ocore.odoo.migrations import find_scripts, has_migrate
from ocore.odoo.parsing import broken_files
from ocore.odoo.versions import SERIES

AT_THE_ROOT: Final = (
    f"{FILE_NAME} lies at the root of the repository, but Odoo takes a module's name from its "
    "directory: move the module into a directory of its own"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """One module directory as found. `path` is relative to the directory that was read.

    `problem` is set when a file of it cannot be read: a sentence that names the file and the line,
    which `problem_file` (relative like `path`) and `problem_line` repeat for programs. When the
    manifest itself is unreadable, what it would say is left at its default.
    `version` is the full one Odoo writes into `latest_version` (odoo/modules/module.py
    `adapt_version`: the series is put in front of a short version).
    `checksum` is click-odoo-update's: SHA-1 over relative paths and bytes of the files it counts.
    `migrations` are the scripts, relative to the module; `callable_migrations` those among them
    that have the function Odoo calls.
    """

    name: str
    path: str
    version: str = ""
    installable: bool = True
    auto_install: bool = False
    depends: tuple[str, ...] = ()
    python_dependencies: tuple[str, ...] = ()
    binary_dependencies: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    callable_migrations: tuple[str, ...] = ()
    checksum: str = ""
    problem: str | None = None
    problem_file: str | None = None
    problem_line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModule:
    """One row of `ir_module_module`. `state` is Odoo's word: installed, to upgrade, …"""

    name: str
    state: str
    version: str | None


def read_addons(
    root: Path,
    *,
    series: str = SERIES,
    languages: Collection[str] = (),
    name_of_root: str | None = None,
) -> tuple[Addon, ...]:
    """Return the modules below `root`, sorted by name; nothing of them is run.

    A module is a directory with a manifest, at any depth; what is inside a module belongs to it.
    Directories that begin with a dot and symbolic links are passed by. When `root` itself is a
    module it is the only one: it is called `name_of_root`, and without that it has a problem,
    because the directory of a checkout is named after its commit.
    """
    addons = [_read(root, path, series, languages) for path in _module_paths(root)]
    if addons and addons[0].path == ".":
        return (_named(addons[0], name_of_root),)
    return tuple(_without_twins(sorted(addons, key=lambda addon: (addon.name, addon.path))))


def _module_paths(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        if FILE_NAME in files:
            folders.clear()
            yield Path(folder)
        else:
            folders[:] = sorted(name for name in folders if not name.startswith("."))


def _read(root: Path, directory: Path, series: str, languages: Collection[str]) -> Addon:
    path = directory.relative_to(root).as_posix()
    scripts = find_scripts(directory)
    addon = Addon(
        name=directory.name,
        path=path,
        migrations=scripts,
        callable_migrations=tuple(
            script for script in scripts if has_migrate((directory / script).read_bytes())
        ),
        checksum=module_checksum(directory, languages=languages),
    )
    try:
        manifest = read_manifest(directory / FILE_NAME, series=series)
    except Unreadable as failure:
        return _broken(addon, FILE_NAME, failure.line, str(failure))
    return _checked(_described(addon, manifest), directory, manifest)


def _described(addon: Addon, manifest: Manifest) -> Addon:
    return replace(
        addon,
        version=manifest.version,
        installable=manifest.installable,
        auto_install=manifest.auto_install,
        depends=manifest.depends,
        python_dependencies=manifest.python_dependencies,
        binary_dependencies=manifest.binary_dependencies,
    )


def _checked(addon: Addon, directory: Path, manifest: Manifest) -> Addon:
    if not addon.installable:
        return addon
    for broken in broken_files(directory):
        return _broken(addon, broken.path, broken.line, broken.reason)
    for name in manifest.data:
        if not (directory / name).is_file():
            reason = f"its 'data' names {name}, which does not exist"
            return _broken(addon, FILE_NAME, None, reason)
    return addon


def _broken(addon: Addon, file: str, line: int | None, reason: str) -> Addon:
    path = file if addon.path == "." else f"{addon.path}/{file}"
    place = f"{path} line {line}" if line else path
    return replace(addon, problem=f"{place}: {reason}", problem_file=path, problem_line=line)


def _named(addon: Addon, name: str | None) -> Addon:
    if name is not None:
        return replace(addon, name=name)
    return replace(addon, problem=AT_THE_ROOT, problem_file=FILE_NAME)


def _without_twins(addons: list[Addon]) -> Iterator[Addon]:
    """Yield all; of modules with the same name, of which Odoo sees one, the later get a problem."""
    seen: dict[str, str] = {}
    for addon in addons:
        first = seen.setdefault(addon.name, addon.path)
        if first == addon.path:
            yield addon
        else:
            reason = f"there is a module of this name in {first} already, and Odoo sees only one"
            yield _broken(addon, FILE_NAME, None, reason)
