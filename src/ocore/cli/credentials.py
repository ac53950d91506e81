"""Where the command line keeps its session: one file that only its owner can read."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """An API and the tokens for it. `api_url` ends in `/api`."""

    api_url: str
    access_token: str = ""
    refresh_token: str = ""

    @classmethod
    def of(cls, api_url: str, answer: Mapping[str, Any]) -> "Session":
        """Return the session that the API has answered with."""
        return cls(
            api_url=api_url,
            access_token=answer["accessToken"],
            refresh_token=answer["refreshToken"],
        )


def session_file() -> Path:
    """Return $OCORE_SESSION_FILE, else `ocore/session.json` in the user's configuration folder."""
    chosen = os.environ.get("OCORE_SESSION_FILE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "ocore" / "session.json"


def load(file: Path) -> Session | None:
    """Return the kept session, or None when nobody has signed in."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Session)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def save(file: Path, session: Session) -> None:
    """Keep a session, readable by its owner alone, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(session))
    fresh.replace(file)
