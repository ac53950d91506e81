"""Addresses of repositories: which ones are let in, and what they may carry."""

import re
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from ocore.environments import Repository
from ocore.errors import Malformed

SCHEMES: Final = frozenset({"https", "http", "ssh", "git", "file"})
_SCP_LIKE: Final = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s:][^\s]*")
_FIELD: Final = "repositoryUrl"


def split_credentials(url: str) -> Repository:
    """Take a repository's address apart; what it carries as credential is kept from its URL.

    Absolute paths, `user@host:path` and URLs of the known schemes are let in. Malformed otherwise,
    without repeating the address: it may hold a password.
    """
    if not url or url.startswith("-") or any(ord(letter) < 33 for letter in url):
        raise _refused("an address has no blanks and does not begin with a hyphen")
    if url.startswith("/") or _SCP_LIKE.fullmatch(url):
        return Repository(url=url)
    parts = _parts(url)
    if parts.scheme not in SCHEMES or "::" in url.partition("/")[0]:
        raise _refused(f"use one of {', '.join(sorted(SCHEMES))}, user@host:path or a path")
    if parts.scheme != "file" and not parts.hostname:
        raise _refused("the address names no host")
    if parts.password is None and parts.scheme not in {"http", "https"}:
        return Repository(url=url)
    bare = parts.netloc.rpartition("@")[2]
    return Repository(
        url=urlunsplit(parts._replace(netloc=bare)),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # Asked for because it is judged only then: 1 to 65535.
        _ = parts.port
    except ValueError:
        raise _refused("its host or its port is not well-formed") from None
    return parts


def _refused(reason: str) -> Malformed:
    return Malformed(
        f"this is no address of a repository: {reason}", code="malformed_repository", field=_FIELD
    )
