"""What snapshots are called. Every name fits PostgreSQL's 63 bytes and tells whose it is."""

import hashlib
from pathlib import Path


def snapshot_database(database: str, snapshot_id: str) -> str:
    """Return the database that holds a snapshot of `database`."""
    return f"{database}__s{_key(snapshot_id)}"


def aside_database(database: str, snapshot_id: str) -> str:
    """Return what `database` is called after this snapshot took its place."""
    return f"{database}__x{_key(snapshot_id)}"


def aside_prefix(database: str) -> str:
    """Return how all that was ever put aside for `database` begins."""
    return f"{database}__x"


def snapshot_folder(root: Path, snapshot_id: str) -> Path:
    """Return the folder with the files of a snapshot."""
    return root / snapshot_id


def _key(snapshot_id: str) -> str:
    return hashlib.sha256(snapshot_id.encode()).hexdigest()[:12]
