"""The files of a snapshot: a tree of links, and the list that tells when one is missing.

Odoo names a file of the filestore after the SHA-1 of its content and never changes it, so that the
name is the checksum. Its garbage collection unlinks names; what a snapshot has linked stays.
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec

from ocore.errors import StepFailed
from ocore.kit.databases import Connection

LIST: Final = "files.json"
_CHECKLIST: Final = "checklist"
"""Where Odoo notes what it may delete later; no file of the filestore proper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A file that the database refers to: `<first two digits>/<sha1>`, and its size in bytes."""

    name: str
    size: int | None


def sizes_of(tree: Path) -> dict[str, int]:
    """Return the size of each file of a filestore by its name; a missing tree has none."""
    if not tree.is_dir():
        return {}
    start = len(f"{tree}/")
    return {file.path[start:]: file.stat().st_size for file in _files(tree)}


def sizes_in(tree: Path, references: tuple[Reference, ...]) -> dict[str, int]:
    """Return the size of each of these files of a filestore that is there, beside who uses it."""
    found = {}
    for each in references:
        with suppress(FileNotFoundError, NotADirectoryError):
            found[each.name] = (tree / each.name).stat().st_size
    return found


def write_list(folder: Path, sizes: Mapping[str, int]) -> None:
    """Write down what belongs to the snapshot in `folder`, whole or not at all."""
    fresh = folder / f".{LIST}"
    fresh.write_bytes(msgspec.json.encode(sizes))
    fresh.replace(folder / LIST)


def read_list(folder: Path) -> dict[str, int] | None:
    """Return what belongs to the snapshot; None for one that never had a list."""
    try:
        return msgspec.json.decode((folder / LIST).read_bytes(), type=dict[str, int])
    except FileNotFoundError:
        return None


def demand_files(snapshot_id: str, folder: Path) -> None:
    """StepFailed names the first file of a snapshot that is missing or has another size."""
    expected = read_list(folder)
    if expected is None:
        return
    found = sizes_of(folder / "filestore")
    for name, size in expected.items():
        path = folder / "filestore" / name
        if name not in found:
            raise StepFailed(f"snapshot {snapshot_id} is damaged: {path} is missing")
        if found[name] != size:
            raise StepFailed(f"snapshot {snapshot_id} is damaged: {path} is not what was kept")


async def changed_files(tree: Path) -> tuple[str, ...]:
    """Return the files whose content is not what their name says. Reads every byte.

    Folder by folder, so that a cancel waits for no more than one.
    """
    names = sorted(Path(name) for name in await asyncio.to_thread(sizes_of, tree))
    changed = list[str]()
    for _, together in groupby(names, key=lambda name: name.parent):
        changed += await asyncio.to_thread(_changed, tree, tuple(together))
    return tuple(changed)


def lost(references: tuple[Reference, ...], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return what the database refers to and the files do not hold, or hold in another size."""
    return tuple(
        each.name
        for each in references
        if each.name not in sizes or (each.size is not None and sizes[each.name] != each.size)
    )


async def references(connection: Connection) -> tuple[Reference, ...]:
    """Return the files that the attachments of a database are in."""
    found = await connection.execute("SELECT to_regclass('public.ir_attachment')")
    if (await found.fetchone() or (None,))[0] is None:
        return ()
    rows = await connection.execute(
        "SELECT DISTINCT store_fname, file_size FROM ir_attachment"
        " WHERE store_fname IS NOT NULL ORDER BY 1"
    )
    return tuple(Reference(name=name, size=size) for name, size in await rows.fetchall())


def empty(folder: Path) -> None:
    """Make the folder anew, with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    # Half a million of them is usual: a Path for each would cost more than asking for its size.
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.is_dir():
                yield entry
            elif entry.name != _CHECKLIST:
                yield from _files(entry.path)


def _changed(tree: Path, names: Iterable[Path]) -> list[str]:
    return [str(each) for each in names if _is_sha1(each.name) and _sha1(tree / each) != each.name]


def _is_sha1(name: str) -> bool:
    return len(name) == 40 and not set(name) - set("0123456789abcdef")


def _sha1(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha1").hexdigest()
