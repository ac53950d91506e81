"""Write files whole or not at all."""

import os
from pathlib import Path

from ocore.kit.privileges import OsUser


def replace_file(file: Path, text: str, *, owner: OsUser | None = None) -> None:
    """Put this text in place of what was there, readable by its owner only (mode 0600).

    A reader sees the old text or the new one. `owner` None means our own user.
    """
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        if owner is not None and owner.uid != os.geteuid():
            os.fchown(descriptor, owner.uid, owner.gid)
        out.write(text)
    fresh.replace(file)
