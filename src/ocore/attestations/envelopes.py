"""DSSE envelopes: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md."""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from ocore.attestations import Statement
from ocore.errors import Impossible, Malformed

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
# A signer may use either alphabet of base64, and whoever checks must read both.
_STANDARD: Final = str.maketrans("-_", "+/")


class Key(Protocol):
    """What is needed of a public key."""

    @property
    def keyid(self) -> str: ...

    def fits(self, signature: bytes, message: bytes) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A statement, and the ids of those of the given keys whose holders signed it."""

    statement: Statement
    keyids: tuple[str, ...]


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`keyid` is a hint that nobody vouches for."""

    keyid: str = ""
    sig: str


class Envelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """As it is written."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]


def signed_bytes(payload: bytes, payload_type: str) -> bytes:
    """Return what a signature covers: DSSE's pre-authentication encoding."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sealed(statement: Statement, *, keyid: str, sign: Callable[[bytes], bytes]) -> str:
    """Return the statement in an envelope."""
    payload = msgspec.json.encode(statement)
    signature = sign(signed_bytes(payload, PAYLOAD_TYPE))
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(),
        payload_type=PAYLOAD_TYPE,
        signatures=(Signature(keyid=keyid, sig=base64.b64encode(signature).decode()),),
    )
    return msgspec.json.encode(envelope).decode() + "\n"


def verify(text: str | bytes, keys: Iterable[Key]) -> Verified:
    """Return what an envelope says when the holder of one of these keys signed it.

    Otherwise Malformed or Impossible, with the reason; nothing of an envelope that nobody vouches
    for is read but what it claims to be.
    """
    envelope = _read(text)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Impossible(
            f"it holds {envelope.payload_type!r}, and not an in-toto statement ({PAYLOAD_TYPE})",
            code="wrong_payload_type",
        )
    payload, known = _bytes(envelope.payload, what="payload"), tuple(keys)
    message = signed_bytes(payload, envelope.payload_type)
    signatures = [_bytes(each.sig, what="signature") for each in envelope.signatures]
    keyids = [key.keyid for key in known if any(key.fits(each, message) for each in signatures)]
    if not keyids:
        raise _unsigned(envelope, {key.keyid for key in known})
    return Verified(statement=_statement(payload), keyids=tuple(keyids))


def _read(text: str | bytes) -> Envelope:
    try:
        return msgspec.json.decode(text, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise Malformed(f"this is no DSSE envelope: {failure}", code="not_an_envelope") from failure


def _bytes(text: str, *, what: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_STANDARD), validate=True)
    except (binascii.Error, ValueError) as failure:
        raise Malformed(f"its {what} is not in base64", code="not_an_envelope") from failure


def _statement(payload: bytes) -> Statement:
    try:
        return msgspec.json.decode(payload, type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError) as failure:
        raise Malformed(
            f"its signature is good, but it holds no in-toto statement v1: {failure}",
            code="not_a_statement",
        ) from failure


def _unsigned(envelope: Envelope, known: set[str]) -> Impossible:
    claimed = [each.keyid for each in envelope.signatures]
    if not claimed:
        return Impossible("nobody signed it", code="not_signed")
    ours = [keyid for keyid in claimed if keyid in known]
    if ours:
        return Impossible(
            f"the signature of key {ours[0]} does not fit: what it holds was changed after it was"
            " signed, or the signature was",
            code="bad_signature",
        )
    others = ", ".join(keyid or "one without an id" for keyid in claimed)
    return Impossible(
        f"it was signed with another key ({others}) than {', '.join(sorted(known)) or 'any given'}",
        code="unknown_key",
    )
