"""Ed25519 keys: one that signs and stays at home, and one that everybody may have."""

import hashlib
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ocore.attestations import Statement
from ocore.attestations.envelopes import sealed
from ocore.errors import Malformed


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Tells whether a signature is of its holder."""

    key: Ed25519PublicKey

    @classmethod
    def read(cls, pem: str) -> Self:
        """Read PEM; Malformed when it is no public key of Ed25519."""
        try:
            key = serialization.load_pem_public_key(pem.encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise Malformed("this is no Ed25519 public key in PEM", code="bad_public_key")
        return cls(key)

    @property
    def pem(self) -> str:
        return self._encoded(serialization.Encoding.PEM).decode()

    @property
    def keyid(self) -> str:
        """Return the SHA-256 of the key in DER, so that any tool can work it out."""
        return hashlib.sha256(self._encoded(serialization.Encoding.DER)).hexdigest()

    def fits(self, signature: bytes, message: bytes) -> bool:
        """Say whether the holder of this key signed these bytes."""
        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def _encoded(self, encoding: serialization.Encoding) -> bytes:
        return self.key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs with a key in memory."""

    key: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def read(cls, pem: str) -> Self:
        """Read what `new_private_key` returned; Malformed, without a word of it, when it is not."""
        try:
            key = serialization.load_pem_private_key(pem.encode(), password=None)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise Malformed("the signing key is no Ed25519 key in PEM", code="bad_signing_key")
        return cls(key)

    @property
    def keyid(self) -> str:
        return self._public.keyid

    @property
    def public_key(self) -> str:
        return self._public.pem

    def sign(self, statement: Statement) -> str:
        return sealed(statement, keyid=self.keyid, sign=self.key.sign)

    @property
    def _public(self) -> PublicKey:
        return PublicKey(self.key.public_key())


def new_private_key() -> str:
    """Return a new key as PEM: a secret."""
    made = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return made.decode()
