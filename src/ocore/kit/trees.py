"""Copies of directory trees that cost no bytes where the file system allows it."""

import errno
import os
import shutil
from pathlib import Path

from ocore.kit.privileges import OsUser


def link_tree(source: Path, target: Path, owner: OsUser | None) -> int:
    """Give `target` every file of `source` that it lacks, and return how many files it has.

    Files are hard links, or copies where links cannot be made; so this is for files that are never
    changed in place. A missing source is an empty one. New folders belong to `owner`.
    """
    _folder(target, owner)
    count = 0
    for folder, names, files in os.walk(source):
        here = target / Path(folder).relative_to(source)
        for name in names:
            _folder(here / name, owner)
        # Most are there from an earlier call, and that is told sooner than by trying each.
        with os.scandir(here) as entries:
            lacking = set(files).difference(entry.name for entry in entries)
        for name in lacking:
            _link(Path(folder) / name, here / name, owner)
        count += len(files)
    return count


def own_files(tree: Path, owner: OsUser | None) -> None:
    """Let every file of a tree belong to `owner`."""
    for folder, _, files in os.walk(tree):
        for name in files:
            _own(Path(folder) / name, owner)


def _folder(path: Path, owner: OsUser | None) -> None:
    path.mkdir(parents=True, exist_ok=True)
    _own(path, owner)


def _link(source: Path, target: Path, owner: OsUser | None) -> None:
    try:
        os.link(source, target)
    except FileExistsError:
        return
    except OSError as failure:
        if failure.errno not in {errno.EXDEV, errno.EMLINK, errno.EPERM}:
            raise
        # Whole or not at all: a half-written file would pass for the whole one.
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.copy2(source, fresh)
        _own(fresh, owner)
        fresh.replace(target)


def _own(path: Path, owner: OsUser | None) -> None:
    if owner is not None and os.geteuid() == 0:
        os.chown(path, owner.uid, owner.gid)
