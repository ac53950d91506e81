"""Copies of snapshots in a bucket."""

import asyncio
from collections.abc import Collection
from pathlib import Path

from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.snapshots.naming import snapshot_folder
from ocore.snapshots.offsite import Copy, Manifest, Sent
from ocore.snapshots.offsite.bucket import Bucket
from ocore.snapshots.offsite.fetching import Fetching
from ocore.snapshots.offsite.key import OffsiteKey
from ocore.snapshots.offsite.layout import (
    blob_name,
    blobs_folder,
    copy_of,
    manifest_bytes,
    manifest_from,
    manifest_name,
    manifests_folder,
)
from ocore.snapshots.offsite.sending import Sending
from ocore.snapshots.records import SnapshotRecord


class S3Offsite:
    """Copies under one key in one bucket, of the snapshots in the folder `root`."""

    def __init__(self, bucket: Bucket, key: OffsiteKey, root: Path) -> None:
        self._bucket = bucket
        self._key = key
        self._root = root

    async def send(self, record: SnapshotRecord, instance: Instance) -> Sent:
        if record.snapshot is None:
            raise LookupError(f"snapshot {record.id} is available and was never taken")
        latest = await self._latest(instance)
        sending = Sending(
            bucket=self._bucket,
            key=self._key,
            organization_id=instance.organization_id,
            folder=snapshot_folder(self._root, record.id),
            there=await self._bucket.names(blobs_folder(instance.organization_id)),
            known=latest.parts if latest else (),
        )
        parts = await sending.run()
        manifest = Manifest(
            snapshot=record.snapshot,
            instance=instance,
            live=record.live,
            taken_at=record.completed_at or record.created_at,
            parts=parts,
        )
        await self._write(manifest)
        return Sent(objects=sending.objects, sent_bytes=sending.sent_bytes, parts=len(parts))

    async def remove(self, instance: Instance, snapshot_ids: Collection[str]) -> None:
        organization = instance.organization_id
        mine = await self._copies_of(organization)
        gone = [copy for copy in mine if copy.snapshot_id in snapshot_ids]
        left = [copy for copy in mine if copy not in gone]
        # Opened before anything is deleted: one that cannot be read may need any of the pieces.
        needed = {
            blob_name(self._key, organization, piece)
            for copy in left
            for part in (await self.open(copy)).parts
            for piece in part.pieces
        }
        await self._bucket.delete([copy.manifest for copy in gone])
        there = await self._bucket.names(blobs_folder(organization))
        await self._bucket.delete(there - needed)

    async def copies(self) -> tuple[Copy, ...]:
        return await self._copies_of(None)

    async def open(self, copy: Copy) -> Manifest:
        sealed = await self._bucket.get(copy.manifest)
        if sealed is None:
            raise StepFailed(f"the copy is gone: {copy.manifest} is missing")
        opened = await asyncio.to_thread(self._key.open_ours, sealed, what=copy.manifest)
        return manifest_from(opened)

    async def fetch(self, copy: Copy, folder: Path) -> Manifest:
        manifest = await self.open(copy)
        fetching = Fetching(
            bucket=self._bucket,
            key=self._key,
            organization_id=copy.organization_id,
            folder=folder,
        )
        await fetching.run(manifest.parts)
        return manifest

    async def _latest(self, instance: Instance) -> Manifest | None:
        mine = await self._copies_of(instance.organization_id)
        found = [copy for copy in mine if copy.instance_id == instance.id]
        return await self.open(found[-1]) if found else None

    async def _copies_of(self, organization_id: str | None) -> tuple[Copy, ...]:
        folder = "" if organization_id is None else manifests_folder(organization_id)
        names = await self._bucket.names(folder)
        found = [copy for name in names if (copy := copy_of(name)) is not None]
        return tuple(sorted(found, key=lambda copy: (copy.taken_at, copy.snapshot_id)))

    async def _write(self, manifest: Manifest) -> None:
        name = manifest_name(manifest)
        sealed = await asyncio.to_thread(self._key.seal_as_ours, manifest_bytes(manifest))
        await self._bucket.put(name, sealed)
        if await self._bucket.get(name) != sealed:
            await self._bucket.delete([name])
            raise StepFailed(f"off-site store: {name} is not what was written")
