"""Run programs with less than our own rights."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OsUser:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


def os_user(name: str) -> OsUser:
    """Return the user of this name; KeyError when there is none."""
    entry = pwd.getpwnam(name)
    return OsUser(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def as_user(argv: Sequence[str], user: OsUser | None) -> list[str]:
    """Return the command that runs as this user and dies with its parent.

    None means our own user: all that an unprivileged platform can do. setpriv is part of
    util-linux, which Debian marks essential.
    """
    return [*_drop(user), "--pdeathsig", "KILL", "--", *argv]


def _drop(user: OsUser | None) -> list[str]:
    if user is None or user.uid == os.geteuid():
        return ["setpriv"]
    groups = ["--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups"]
    return ["setpriv", *groups, "--no-new-privs"]
