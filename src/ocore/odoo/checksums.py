"""Checksums of modules, equal to those of click-odoo-update, so that people can move over.

It keeps them as a JSON object `{module: checksum}` in the table `ir_config_parameter`.
"""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

PARAMETER: Final = "module_auto_update.installed_checksums"
"""The key under which a database remembers the checksums of its last update."""

EXCLUDE_PARAMETER: Final = "module_auto_update.exclude_patterns"
"""The key under which a database may name other patterns, comma-separated."""

EXCLUDED: Final = ("*.pyc", "*.pyo", "i18n/*.pot", "i18n_extra/*.pot", "static/*", "tests/*")
"""Files whose change needs no update: their path in the module matches one of these."""

_TRANSLATIONS: Final = ("i18n", "i18n_extra")


def module_checksum(
    directory: Path, *, languages: Collection[str] = (), excluded: Sequence[str] = EXCLUDED
) -> str:
    """Return the SHA-1 over relative paths and bytes of the files that count.

    `languages` are the active `res_lang` codes: translations into others do not count. With none
    given all count, which is also what click-odoo-update does.
    """
    digest = hashlib.sha1(usedforsecurity=False)
    spoken = {code.partition("_")[0] for code in languages}
    for path in _counted(directory, spoken, excluded):
        digest.update(os.fsencode(path))
        file = directory / path
        # A link that leads nowhere is a file Odoo cannot read either: its name alone counts.
        if file.exists():
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _counted(directory: Path, spoken: set[str], excluded: Sequence[str]) -> Iterator[str]:
    # The order is part of the checksum: os.walk top down, both lists sorted.
    for folder, folders, files in os.walk(directory):
        folders.sort()
        inside = os.path.relpath(folder, directory)
        inside = "" if inside == "." else inside
        for name in sorted(files):
            path = os.path.join(inside, name)  # noqa: PTH118 - the very text that is hashed
            if any(fnmatch(path, pattern) for pattern in excluded):
                continue
            if inside in _TRANSLATIONS and _is_foreign(name, spoken):
                continue
            yield path


def _is_foreign(name: str, spoken: set[str]) -> bool:
    language, extension = os.path.splitext(name)  # noqa: PTH122 - `.po` alone has no extension
    return bool(spoken) and extension == ".po" and language.partition("_")[0] not in spoken
