"""The platform's own secrets: made once, kept in files that only the platform can read."""

import os
import secrets
from pathlib import Path


def secret(folder: Path, name: str) -> str:
    """Return the secret of this name, made now when there is none: 43 URL-safe characters."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / name
    if not file.exists():
        keep_secret(folder, name, secrets.token_urlsafe(32))
    return file.read_text()


def keep_secret(folder: Path, name: str, value: str) -> None:
    """Write a secret, whole or not at all; an existing one stays as it is."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = folder / f".{name}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(value)
    try:
        # A link, unlike a rename, does not replace what another process wrote meanwhile.
        os.link(fresh, folder / name)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
