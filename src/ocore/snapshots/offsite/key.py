"""The key of all copies: it encrypts them, and gives each content a name that tells nothing.

The format is age's (age-encryption.org), so that what is kept can be read without oCore, too.
"""

import hashlib
import hmac
from typing import Final

import pyrage

from ocore.errors import Malformed, StepFailed
from ocore.kit.secret import derive

_MARK: Final = "AGE-SECRET-KEY-"
_DIGEST_BYTES: Final = 32


class OffsiteKey:
    """One age identity. What is derived from it is worth as much as the key itself."""

    def __init__(self, text: str) -> None:
        """Take the key from a file as `age-keygen` writes it: comments are fine."""
        lines = [line.strip() for line in text.splitlines()]
        found = next((line for line in lines if line.startswith(_MARK)), None)
        try:
            self._identity = pyrage.x25519.Identity.from_str(found or "")
        except pyrage.IdentityError as failure:
            raise Malformed(
                f"no key: a line that starts with {_MARK} is needed", code="bad_key"
            ) from failure
        self._recipient = self._identity.to_public()
        self._secret = str(self._identity)

    def seal(self, content: bytes) -> bytes:
        return bytes(pyrage.encrypt(content, [self._recipient]))

    def open(self, sealed: bytes, *, what: str) -> bytes:
        """Return the content. StepFailed: it was sealed for another key, or it was changed."""
        try:
            return bytes(pyrage.decrypt(sealed, [self._identity]))
        except pyrage.DecryptError as failure:
            reason = "the key does not fit" if "keys" in str(failure) else "it is damaged"
            raise StepFailed(f"{what} cannot be opened: {reason}") from failure

    def seal_as_ours(self, content: bytes) -> bytes:
        """Seal so that `open_ours` can tell: whoever knows the public key could seal as well."""
        return self.seal(self._digest(content) + content)

    def open_ours(self, sealed: bytes, *, what: str) -> bytes:
        opened = self.open(sealed, what=what)
        digest, content = opened[:_DIGEST_BYTES], opened[_DIGEST_BYTES:]
        if not hmac.compare_digest(digest, self._digest(content)):
            raise StepFailed(f"{what} was not written with this key")
        return content

    def name_of(self, sha256: str, *, organization_id: str) -> str:
        """Return under which name an organization keeps a content of this checksum.

        Nobody without the key can find out whether a file they know is there.
        """
        return derive(derive(self._secret, f"names:{organization_id}"), sha256)

    def _digest(self, content: bytes) -> bytes:
        secret = derive(self._secret, "manifests").encode()
        return hmac.new(secret, content, hashlib.sha256).digest()


def new_key() -> str:
    """Return a new key, as text."""
    return str(pyrage.x25519.Identity.generate())
