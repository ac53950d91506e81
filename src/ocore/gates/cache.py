"""Results that never change, on disk: many processes read and write them at once."""

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")
_KEPT_DAYS: Final = 30
_DAY: Final = 86400.0


class Cache:
    """Values by kind and key. What cannot be read counts as not there."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, kind: str, key: str, type_: type[T]) -> T | None:
        path = self._path(kind, key)
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=type_)
        except (OSError, msgspec.DecodeError):
            return None

    def has(self, kind: str, key: str) -> bool:
        return self._path(kind, key).exists()

    def put(self, kind: str, key: str, value: object) -> None:
        """Keep a value; a reader sees all of it or nothing."""
        path = self._path(kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        fresh.write_bytes(msgspec.msgpack.encode(value))
        fresh.replace(path)

    def sweep(self, now: datetime) -> None:
        """Forget what was made long ago; at most once a day."""
        stamp, seconds = self._root / ".swept", now.timestamp()
        if stamp.exists() and seconds - stamp.stat().st_mtime < _DAY:
            return
        self._root.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        for path in self._root.glob("*/*/*"):
            with suppress(OSError):
                if seconds - path.stat().st_mtime > _KEPT_DAYS * _DAY:
                    path.unlink()

    def _path(self, kind: str, key: str) -> Path:
        return self._root / kind / key[:2] / key


def key_of(*parts: str) -> str:
    """Return one key for these parts."""
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()
