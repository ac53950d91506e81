"""Pushes, as those who host git repositories announce them: who proves what, and what was pushed.

Reading only: nothing here asks a repository, so that the commit is the one that was announced.
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

import msgspec

from ocore.errors import Malformed
from ocore.source.refs import is_ref_name

_BRANCHES: Final = "refs/heads/"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NO_COMMIT: Final = "0" * 40
"""What git says of a ref that is not there, before it was made or after it was deleted."""
_FORM: Final = "application/x-www-form-urlencoded"
_LONGEST_ID: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A branch, and the commits that it is at after the push and was at before (None: unknown)."""

    branch: str
    commit_sha: str
    before: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPush:
    """A ref that was changed, and why there is no commit of a branch in that."""

    ref: str
    reason: str


Told = Push | NoPush


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One announcement. `id` is the same when it is sent again (None: its host gives none)."""

    host: str
    id: str | None
    event: str
    told: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How one host announces pushes: in which headers, with which proof, in which body.

    `proves` is asked with what the header `proof` says, the body and the secret. `reads` has the
    events that tell of refs.
    """

    name: str
    proof: str
    proves: Callable[[bytes, bytes, bytes], bool]
    event: str
    ids: tuple[str, ...]
    reads: Mapping[str, Callable[[bytes], tuple[Told, ...]]]


def proven(headers: Mapping[str, str], body: bytes, *, secret: str) -> Host | None:
    """Return who sent this, when it proves to know the secret; None otherwise.

    The names of headers are in lower case. It takes as long whatever the proof says.
    """
    for host in HOSTS:
        if host.proof in headers:
            given = headers[host.proof].encode(errors="replace")
            return host if host.proves(given, body, secret.encode()) else None
    return None


def delivery_of(host: Host, headers: Mapping[str, str], body: bytes) -> Delivery:
    """Return what a proven request says; Malformed when it is not what its host sends."""
    event = headers.get(host.event, "")
    read = host.reads.get(event)
    ids = (headers[name] for name in host.ids if headers.get(name))
    id_ = next(ids, None)
    if id_ is not None and len(id_) > _LONGEST_ID:
        raise _malformed(f"the id of the delivery is longer than {_LONGEST_ID} characters")
    told = () if read is None else _read(read, _json_in(headers, body))
    return Delivery(host=host.name, id=id_, event=event or "no event", told=told)


def _json_in(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return the JSON of a body, which GitHub puts into a form unless it is told otherwise."""
    if not headers.get("content-type", "").lower().startswith(_FORM):
        return body
    payload = parse_qs(body.decode(errors="replace")).get("payload")
    if payload is None:
        raise _malformed("the form has no payload")
    return payload[0].encode(errors="replace")


def _read(read: Callable[[bytes], tuple[Told, ...]], content: bytes) -> tuple[Told, ...]:
    try:
        return read(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _malformed(str(error)) from error


class _OneRef(msgspec.Struct):
    """A push as GitHub, GitLab and Gitea tell it."""

    ref: str
    after: str
    before: str | None = None


class _Target(msgspec.Struct):
    hash: str


class _Named(msgspec.Struct):
    type: str
    name: str
    target: _Target | None = None


class _Change(msgspec.Struct):
    new: _Named | None = None
    old: _Named | None = None


class _Changed(msgspec.Struct):
    changes: list[_Change]


class _Changes(msgspec.Struct):
    """A push as Bitbucket tells it: all its refs at once."""

    push: _Changed


def _one_ref(content: bytes) -> tuple[Told, ...]:
    found = msgspec.json.decode(content, type=_OneRef)
    return (_told(found.ref, found.after, found.before),)


def _changes(content: bytes) -> tuple[Told, ...]:
    found = msgspec.json.decode(content, type=_Changes)
    return tuple(_changed(each) for each in found.push.changes)


def _changed(change: _Change) -> Told:
    named = change.new or change.old
    if named is None:
        raise _malformed("a change has neither `new` nor `old`")
    ref = f"{_BRANCHES}{named.name}" if named.type == "branch" else f"refs/tags/{named.name}"
    return _told(ref, _commit_of(change.new) or _NO_COMMIT, _commit_of(change.old))


def _commit_of(named: _Named | None) -> str | None:
    return named.target.hash if named and named.target else None


def _told(ref: str, sha: str, before: str | None) -> Told:
    if not ref.startswith(_BRANCHES):
        return NoPush(ref=ref, reason=f"{ref} is no branch: only branches are deployed on push")
    if sha == _NO_COMMIT:
        return NoPush(ref=ref, reason=f"{ref} was deleted: there is nothing to deploy")
    branch = ref.removeprefix(_BRANCHES)
    if not is_ref_name(branch):
        raise _malformed("the ref is not a name git allows")
    if not _COMMIT.fullmatch(sha):
        raise _malformed("the commit after the push is not 40 hexadecimal digits")
    return Push(branch=branch, commit_sha=sha, before=before)


def _signs(given: bytes, body: bytes, secret: bytes) -> bool:
    expected = hmac.new(secret, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(given, f"sha256={expected}".encode())


def _knows(given: bytes, _body: bytes, secret: bytes) -> bool:
    return hmac.compare_digest(given, secret)


def _malformed(reason: str) -> Malformed:
    return Malformed(f"this is no announcement of a push: {reason}", code="malformed_delivery")


# Gitea and Forgejo send GitHub's headers beside their own. GitHub sends its older signature, whose
# header is Bitbucket's, beside the newer one, so that it comes first.
HOSTS: Final = (
    Host(
        name="github",
        proof="x-hub-signature-256",
        proves=_signs,
        event="x-github-event",
        ids=("x-github-delivery",),
        reads={"push": _one_ref},
    ),
    Host(
        name="gitlab",
        proof="x-gitlab-token",
        proves=_knows,
        event="x-gitlab-event",
        ids=("idempotency-key", "x-gitlab-event-uuid"),
        reads={"Push Hook": _one_ref, "Tag Push Hook": _one_ref},
    ),
    Host(
        name="bitbucket",
        proof="x-hub-signature",
        proves=_signs,
        event="x-event-key",
        ids=("x-request-uuid",),
        reads={"repo:push": _changes},
    ),
)
