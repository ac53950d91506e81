"""The modules of a directory: their manifests, checksums and migration scripts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Addon:
    """One module directory as found.

    `problem` is set (and the rest is empty) when the manifest cannot be read: a sentence that
    names the file and the line. `version` is the full one Odoo writes into `latest_version`
    (odoo/modules/module.py `adapt_version`: the series is put in front of a short version).
    `checksum` is click-odoo-update's: SHA-1 over relative paths and bytes of the files it counts.
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
    checksum: str = ""
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModule:
    """One row of `ir_module_module`. `state` is Odoo's word: installed, to upgrade, …"""

    name: str
    state: str
    version: str | None
