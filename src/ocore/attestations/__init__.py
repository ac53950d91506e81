"""Attestations: signed statements about things, so that anybody can check who said what.

A statement is of in-toto (v1), its envelope is DSSE: the field's own tools read both.
"""

from typing import Any, Literal, Protocol

import msgspec


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement is about: `digest` maps algorithms to hexadecimal digests."""

    name: str
    digest: dict[str, str]


def image_subject(reference: str) -> Subject | None:
    """Return the image that a registry knows by this digest; None for a name without one."""
    name, digest_of, digest = reference.partition("@sha256:")
    return Subject(name=name, digest={"sha256": digest}) if digest_of else None


class Statement(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"type": "_type", "subjects": "subject", "predicate_type": "predicateType"},
):
    """What is said about the subjects; `predicate_type` is the URI that explains `predicate`."""

    type: Literal["https://in-toto.io/Statement/v1"] = "https://in-toto.io/Statement/v1"
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Any


class Signer(Protocol):
    """Signs in the name of one platform."""

    @property
    def keyid(self) -> str:
        """Return what names the key: see `PublicKey.keyid`."""
        ...

    @property
    def public_key(self) -> str:
        """Return the key that others check with, as PEM."""
        ...

    def sign(self, statement: Statement) -> str:
        """Return the statement in its envelope, as JSON; the same one when asked twice."""
        ...
