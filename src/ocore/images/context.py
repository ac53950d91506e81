"""Build contexts: tar files in which the same content always has the same bytes."""

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from ocore.images.room import room_in

_CHUNK: Final = 1 << 20
_EARLIEST, _SPAN = 946_684_800, 631_152_000  # 2000, and the 20 years after


class Context:
    """What a Dockerfile may copy. Files belong to root, and everybody may read them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._tar = tarfile.open(fileobj=file, mode="w")  # noqa: SIM115 - closed by `rewound`

    def add_text(self, name: str, text: str, *, mode: int = 0o644) -> None:
        content = text.encode()
        self._add(name, content, mode=mode)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file that may be large, as it is."""
        self._tar.add(path, arcname=name, filter=_as_root)

    def add_context(self, name: str, other: "Context") -> None:
        """Add another context as one file, after its last addition."""
        entry, content = tarfile.TarInfo(name), other.finished()
        entry.size, entry.mtime = os.fstat(content.fileno()).st_size, _EARLIEST
        self._tar.addfile(entry, content)

    def add_tree(self, name: str, root: Path) -> None:
        """Add a folder of source files; links stay links.

        The time of a file is made of its content: Odoo names its bundles by the times of their
        files, so that those change exactly when a file does, whenever and wherever it is built.
        """
        self.add_folder(name)
        for path in sorted(root.rglob("*")):
            inner = f"{name}/{path.relative_to(root)}"
            if path.is_symlink():
                self._link(inner, str(path.readlink()))
            elif path.is_dir():
                self.add_folder(inner)
            else:
                executable = path.stat().st_mode & 0o111
                self._add(inner, path.read_bytes(), mode=0o755 if executable else 0o644)

    def add_root(self, root: Path) -> None:
        """Add all of a folder at the top, with owners, modes and times as they are."""
        self._tar.add(root, arcname=".")

    def rewound(self) -> "Reader":
        """Return what is to be read, after the last addition."""
        return Reader(self.finished())

    def finished(self) -> IO[bytes]:
        """Return the file, whole and at its start."""
        self._tar.close()
        self._file.seek(0)
        return self._file

    def _add(self, name: str, content: bytes, *, mode: int) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        digest = int.from_bytes(hashlib.sha256(content).digest()[:8])
        entry.mtime = _EARLIEST + digest % _SPAN
        self._tar.addfile(entry, io.BytesIO(content))

    def add_folder(self, name: str) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, _EARLIEST
        self._tar.addfile(entry)

    def _link(self, name: str, target: str) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.mtime = tarfile.SYMTYPE, target, _EARLIEST
        self._tar.addfile(entry)


class Reader:
    """Reads in large pieces, whatever size is asked for: a context may be gigabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, _size: int = -1, /) -> bytes:
        return self._file.read(_CHUNK)


@contextmanager
def new_context(folder: Path) -> Iterator[Context]:
    """Make a context in a nameless file of this folder, which is gone at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with room_in(folder), tempfile.TemporaryFile(dir=folder) as file:
        yield Context(file)


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
