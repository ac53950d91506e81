"""The users that PostgreSQL and Odoo run as when the platform itself runs as root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.privileges import OsUser, os_user

_POSTGRES, _ODOO = "ocore-postgres", "ocore-odoo"
_OTHERS_MAY_ENTER: Final = 0o001


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformUsers:
    """Both None for a platform that is not root: then everything runs as its one user."""

    postgres: OsUser | None
    odoo: OsUser | None


async def platform_users() -> PlatformUsers:
    """Return the users, made now where they are missing."""
    if os.geteuid() != 0:
        return PlatformUsers(postgres=None, odoo=None)
    return PlatformUsers(postgres=await _system_user(_POSTGRES), odoo=await _system_user(_ODOO))


def closed_folder(path: Path) -> Path | None:
    """Return the first folder on the way to `path` that other users cannot enter, or None."""
    for folder in (*reversed(path.absolute().parents), path.absolute()):
        if folder.exists() and not folder.stat().st_mode & _OTHERS_MAY_ENTER:
            return folder
    return None


async def _system_user(name: str) -> OsUser:
    try:
        return os_user(name)
    except KeyError:
        pass
    argv = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    try:
        await shell.run([*argv, "--shell", "/usr/sbin/nologin", name])
    except shell.CommandFailed as failure:
        if name not in {entry.pw_name for entry in pwd.getpwall()}:
            raise StepFailed(f"the system user {name} cannot be made: {failure}") from failure
    return os_user(name)
