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


def as_user(argv: Sequence[str], user: OsUser | None, *, death_signal: str = "KILL") -> list[str]:
    """Return the command that runs as this user and dies with its parent.

    None means our own user: all that an unprivileged platform can do. `death_signal` is what the
    program gets when its parent dies; one that holds data wants to end by itself ("INT" for
    PostgreSQL). Children of the program do not inherit it. setpriv is part of util-linux, which
    Debian marks essential.
    """
    return [*_drop(user), "--pdeathsig", death_signal, "--", *argv]


def under(parent: str, argv: Sequence[str]) -> list[str]:
    """Return the command that runs only while its parent is this process.

    To be put inside `as_user`, where a program must not outlive its parent in any case: the
    kernel does not send the death signal when the parent died before it was asked for, some
    milliseconds after the fork. `parent` is a process id, or "$NAME" of a variable that holds it.
    """
    guard = f'[ "$PPID" = "{parent}" ] || exit 111; exec "$@"'
    return ["sh", "-c", guard, "sh", *argv]


def _drop(user: OsUser | None) -> list[str]:
    if user is None or user.uid == os.geteuid():
        return ["setpriv"]
    groups = ["--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups"]
    return ["setpriv", *groups, "--no-new-privs"]
