"""The files of a module that facts are read from, and what tells them from others."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_COUNTED: Final = (".py", ".xml", ".csv")
_PASSED_BY: Final = frozenset({"static", "tests", "node_modules", "i18n", "i18n_extra", "lib"})
_READ_IN_FULL: Final = 5 << 20
"""Of a larger file its size alone counts: no check looks into it."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """`code` is of the files that facts are read from, `text` of all that may hold a secret."""

    code: str
    text: str


def source_files(module: Path) -> Iterator[Path]:
    """Yield the files that facts are read from, in the order of paths.

    Tests are left out, because no update loads them, and so is what browsers load.
    """
    for folder, folders, files in os.walk(module):
        folders[:] = sorted(
            name for name in folders if name not in _PASSED_BY and not name.startswith(".")
        )
        for name in sorted(files):
            path = Path(folder, name)
            if name.endswith(_COUNTED) and path.is_file():
                yield path


def hashes(module: Path, *, skip: Callable[[str], bool]) -> Hashes:
    """Return what tells the files of a module from others: by their paths and bytes."""
    code, text = hashlib.blake2b(digest_size=20), hashlib.blake2b(digest_size=20)
    top = len(str(module))
    # Texts instead of paths: there are tens of thousands of files, and this runs for each commit.
    for folder, folders, files in os.walk(module):
        folders.sort()
        inside = folder[top:]
        is_code = not any(part in _PASSED_BY or part.startswith(".") for part in inside.split("/"))
        for name in sorted(files):
            if skip(name):
                continue
            content = _content(f"{folder}/{name}")
            head = f"{inside}/{name}\0{len(content)}\0".encode(errors="surrogateescape")
            text.update(head)
            text.update(content)
            if is_code and name.endswith(_COUNTED):
                code.update(head)
                code.update(content)
    return Hashes(code.hexdigest(), text.hexdigest())


def stamp(module: Path) -> str:
    """Return what tells the source files from others, where nobody edits them in place."""
    digest = hashlib.blake2b(str(module).encode(errors="surrogateescape"), digest_size=20)
    for path in source_files(module):
        known = path.stat()
        digest.update(f"{path.name}\0{known.st_size}\0{known.st_mtime_ns}".encode())
    return digest.hexdigest()


def _content(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        # A link that leads nowhere: its name alone counts.
        return b""
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        size = os.fstat(descriptor).st_size
        return file.read() if size <= _READ_IN_FULL else str(size).encode()
