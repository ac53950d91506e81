"""What the objects of copies are called, and how their manifests are written down.

<organization>/blobs/<2>/<name>                           a piece of a file
<organization>/snapshots/<instance>/<moment>-<id>.age     a manifest, written last
"""

import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from ocore.errors import StepFailed
from ocore.snapshots.offsite import Copy, Manifest, Part
from ocore.snapshots.offsite.key import OffsiteKey

PIECE_BYTES: Final = 8 * 1024**2
"""A file is kept in pieces of this size: what one upload may lose, and what it needs of memory."""

_MOMENT: Final = "%Y%m%dT%H%M%S%fZ"
_MANIFEST: Final = re.compile(r"([^/]+)/snapshots/([^/]+)/(\d{8}T\d{12}Z)-([^/]+)\.age")


def blobs_folder(organization_id: str) -> str:
    return f"{organization_id}/blobs"


def blob_name(key: OffsiteKey, organization_id: str, sha256: str) -> str:
    name = key.name_of(sha256, organization_id=organization_id)
    return f"{blobs_folder(organization_id)}/{name[:2]}/{name}"


def manifests_folder(organization_id: str) -> str:
    return f"{organization_id}/snapshots"


def manifest_name(manifest: Manifest) -> str:
    moment = manifest.taken_at.astimezone(UTC).strftime(_MOMENT)
    instance = manifest.instance
    folder = manifests_folder(instance.organization_id)
    return f"{folder}/{instance.id}/{moment}-{manifest.snapshot.id}.age"


def copy_of(name: str) -> Copy | None:
    """Return the copy whose manifest has this name; None for any other object."""
    found = _MANIFEST.fullmatch(name)
    if found is None:
        return None
    organization_id, instance_id, moment, snapshot_id = found.groups()
    return Copy(
        organization_id=organization_id,
        instance_id=instance_id,
        snapshot_id=snapshot_id,
        taken_at=datetime.strptime(moment, _MOMENT).replace(tzinfo=UTC),
        manifest=name,
    )


def manifest_from(content: bytes) -> Manifest:
    return msgspec.json.decode(content, type=Manifest)


def manifest_bytes(manifest: Manifest) -> bytes:
    return msgspec.json.encode(manifest)


def place_of(part: Part, folder: Path) -> Path:
    """Return where a part belongs; StepFailed for a path that leads out of the folder."""
    path = PurePosixPath(part.path)
    if path.is_absolute() or ".." in path.parts:
        raise StepFailed(f"the copy names a file outside of itself: {part.path}")
    return folder / path
