"""Write files whole or not at all; know what their file system can do."""

import fcntl
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from ocore.kit.privileges import OsUser

_FICLONE: Final = 0x40049409
"""ioctl_ficlone(2): two files share their blocks until one of them changes."""


def replace_file(file: Path, text: str, *, owner: OsUser | None = None) -> None:
    """Put this text in place of what was there, readable by its owner only (mode 0600).

    A reader sees the old text or the new one. `owner` None means our own user.
    """
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        if owner is not None and owner.uid != os.geteuid():
            os.fchown(descriptor, owner.uid, owner.gid)
        out.write(text)
    fresh.replace(file)


def can_reflink(folder: Path) -> bool:
    """Say whether files in this folder can share their blocks, by doing it with two of our own.

    False also when nothing can be written there.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as one, tempfile.TemporaryFile(dir=folder) as two:
            one.write(b"ocore")
            one.flush()
            fcntl.ioctl(two.fileno(), _FICLONE, one.fileno())
    except OSError:
        return False
    return True
