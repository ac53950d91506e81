"""Small files that another process reads while we write them."""

import os
import secrets
from pathlib import Path


def replace(path: Path, text: str, *, staging: Path) -> None:
    """Put a whole new file in place; a reader sees the old one or the new one, never a part.

    `staging` is a folder of the same file system that nobody watches.
    """
    draft = staging / f"{path.name}.{secrets.token_hex(4)}.draft"
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
