"""One snapshot on its way: cut into pieces, and each piece that is not there sent and read back."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.snapshots.dumping import sums_of
from ocore.snapshots.files import read_list
from ocore.snapshots.offsite import Part
from ocore.snapshots.offsite.bucket import Bucket
from ocore.snapshots.offsite.key import OffsiteKey
from ocore.snapshots.offsite.layout import PIECE_BYTES, blob_name

_AT_ONCE: Final = 4


@dataclass(slots=True)
class Source:
    """A file to send. `sha256` is what was written down of it, `size` likewise."""

    path: str
    sha256: str | None = None
    size: int | None = None


@dataclass(slots=True)
class Sending:
    """Sends what is in `folder`. `there` are the names of all pieces in the store.

    `known` are the parts of the instance's latest copy. Its pieces were read back before it
    counted; of others nobody knows that yet, since whoever sent them may have died.
    """

    bucket: Bucket
    key: OffsiteKey
    organization_id: str
    folder: Path
    there: set[str]
    known: tuple[Part, ...]
    objects: int = 0
    sent_bytes: int = 0
    _proven: set[str] = field(default_factory=set)
    _same_content: dict[str, Part] = field(default_factory=dict)
    _same_name: dict[tuple[str, int | None], Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for part in self.known:
            self._proven.update(each for each in part.pieces if self._name(each) in self.there)
            self._same_content[part.sha256] = part
            self._same_name[part.path, part.size] = part

    async def run(self) -> tuple[Part, ...]:
        """Return what the copy consists of, once all of it is there."""
        sources = await asyncio.to_thread(_sources, self.folder)
        waiting, done = iter(sources), list[Part]()

        async def work() -> None:
            for source in waiting:
                done.append(self._unchanged(source) or await self._send(source))

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as several:
            raise several.exceptions[0] from several
        return tuple(sorted(done, key=lambda part: part.path))

    def _unchanged(self, source: Source) -> Part | None:
        """Return what the latest copy says of the same content; it need not even be read.

        A file of the filestore is named after its content, which was compared when the snapshot
        was tried out.
        """
        if source.sha256 is not None:
            found = self._same_content.get(source.sha256)
        else:
            found = self._same_name.get((source.path, source.size))
        if found is None or not all(self._name(piece) in self.there for piece in found.pieces):
            return None
        return Part(path=source.path, size=found.size, sha256=found.sha256, pieces=found.pieces)

    async def _send(self, source: Source) -> Part:
        whole, size, pieces = hashlib.sha256(), 0, list[str]()
        chunks = _chunks(self.folder / source.path)
        while chunk := await asyncio.to_thread(_next, chunks):
            whole.update(chunk)
            size += len(chunk)
            pieces.append(await self._send_piece(chunk))
        found = whole.hexdigest()
        if source.sha256 not in {None, found} or source.size not in {None, size}:
            raise StepFailed(f"{self.folder / source.path} is not what was kept")
        return Part(path=source.path, size=size, sha256=found, pieces=tuple(pieces))

    async def _send_piece(self, chunk: bytes) -> str:
        sha256 = await asyncio.to_thread(_sha256, chunk)
        name = self._name(sha256)
        if sha256 not in self._proven and not (
            name in self.there and await self._is_whole(name, sha256)
        ):
            await self._put(name, chunk)
        self._proven.add(sha256)
        return sha256

    async def _put(self, name: str, chunk: bytes) -> None:
        sealed = await asyncio.to_thread(self.key.seal, chunk)
        await self.bucket.put(name, sealed)
        if await self.bucket.get(name) != sealed:
            raise StepFailed(f"off-site store: {name} is not what was written")
        self.objects += 1
        self.sent_bytes += len(sealed)

    async def _is_whole(self, name: str, sha256: str) -> bool:
        """Say whether what a broken-off sending has left is of any use."""
        sealed = await self.bucket.get(name)
        if sealed is None:
            return False
        try:
            opened = await asyncio.to_thread(self.key.open, sealed, what=name)
        except StepFailed:
            return False
        return await asyncio.to_thread(_sha256, opened) == sha256

    def _name(self, sha256: str) -> str:
        return blob_name(self.key, self.organization_id, sha256)


def _sources(folder: Path) -> list[Source]:
    """Return what belongs to the snapshot: its dump, what lies beside it, and its files."""
    dumped = [Source(name, sha256=sha256) for name, sha256 in sums_of(folder).items()]
    files = (read_list(folder) or {}).items()
    return [*dumped, *(Source(f"filestore/{name}", size=size) for name, size in files)]


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(PIECE_BYTES):
                yield chunk
    except FileNotFoundError as failure:
        raise StepFailed(f"{path} is missing") from failure


def _next(chunks: Iterator[bytes]) -> bytes:
    return next(chunks, b"")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
