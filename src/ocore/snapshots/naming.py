"""What snapshots are called. Every name fits PostgreSQL's 63 bytes and tells whose it is."""

import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=$|-)")


def snapshot_database(database: str, snapshot_id: str) -> str:
    """Return the database that holds a snapshot of `database`."""
    return f"{database}__s{_key(snapshot_id)}"


def scratch_database(database: str, snapshot_id: str) -> str:
    """Return the database in which a snapshot is restored for a test."""
    return f"{database}__t{_key(snapshot_id)}"


def is_copy(database: str, name: str) -> bool:
    """Say whether this is a snapshot or a copy of `database`, by its whole name.

    Somebody may have made a `<database>__staging` of their own.
    """
    return re.fullmatch(rf"{re.escape(database)}__[st][0-9a-f]{{12}}", name) is not None


def is_aside(database: str, name: str) -> bool:
    """Say whether this is what was put aside for `database`, by its whole name."""
    return re.fullmatch(rf"{re.escape(database)}__x[0-9a-f]{{20}}", name) is not None


def aside_database(database: str, snapshot_id: str, at: datetime) -> str:
    """Return what `database` is called after this snapshot took its place at this moment."""
    return f"{aside_of(database, snapshot_id)}{int(at.timestamp()):08x}"


def aside_of(database: str, snapshot_id: str) -> str:
    """Return how the name of what this snapshot replaced begins; its moment follows."""
    return f"{aside_prefix(database)}{_key(snapshot_id)}"


def aside_prefix(database: str) -> str:
    """Return how all that was ever put aside for `database` begins."""
    return f"{database}__x"


def put_aside_at(name: str) -> datetime:
    """Return when a database or folder of such a name was put aside."""
    return datetime.fromtimestamp(int(name[-8:], 16), UTC)


def snapshot_folder(root: Path, snapshot_id: str) -> Path:
    """Return the folder with the files of a snapshot."""
    return root / snapshot_id


def owner_of(folder: str) -> str | None:
    """Return the snapshot or deployment whose files a folder of this name holds.

    A copy is called after it, with a suffix. None for what was put aside, or is no folder of ours.
    """
    found = _ID.match(folder)
    return found[0] if found else None


def _key(snapshot_id: str) -> str:
    return hashlib.sha256(snapshot_id.encode()).hexdigest()[:12]
