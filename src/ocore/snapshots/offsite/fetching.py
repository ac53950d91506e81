"""One snapshot on its way back: its files put together from their pieces, and compared."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.snapshots.offsite import Part
from ocore.snapshots.offsite.bucket import Bucket
from ocore.snapshots.offsite.key import OffsiteKey
from ocore.snapshots.offsite.layout import blob_name, place_of

_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """Brings parts into `folder`; a file that is there with its checksum is not fetched again."""

    bucket: Bucket
    key: OffsiteKey
    organization_id: str
    folder: Path

    async def run(self, parts: Sequence[Part]) -> None:
        """StepFailed names the first file that cannot be had as it was."""
        waiting = iter(parts)

        async def work() -> None:
            for part in waiting:
                await self._fetch(part)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_AT_ONCE):
                    group.create_task(work())
        except ExceptionGroup as several:
            raise several.exceptions[0] from several

    async def _fetch(self, part: Part) -> None:
        target = place_of(part, self.folder)
        if await asyncio.to_thread(_is_there, target, part):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.part")
        with fresh.open("wb") as out:
            for piece in part.pieces:
                out.write(await self._piece(part, piece))
        if await asyncio.to_thread(_sha256_of, fresh) != part.sha256:
            raise StepFailed(f"{part.path} is not what was kept")
        fresh.replace(target)

    async def _piece(self, part: Part, sha256: str) -> bytes:
        name = blob_name(self.key, self.organization_id, sha256)
        sealed = await self.bucket.get(name)
        if sealed is None:
            raise StepFailed(f"{part.path} is lost: {name} is missing in the off-site store")
        content = await asyncio.to_thread(self.key.open, sealed, what=f"{part.path} ({name})")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StepFailed(f"{part.path} is not what was kept: {name} holds something else")
        return content


def _is_there(target: Path, part: Part) -> bool:
    return target.is_file() and _sha256_of(target) == part.sha256


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
