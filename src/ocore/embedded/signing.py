"""The key that this platform signs with: made once, and kept like its other secrets."""

from pathlib import Path
from typing import Final

from ocore.attestations import Signer
from ocore.attestations.keys import KeySigner, new_private_key
from ocore.embedded.secrets import keep_secret

_NAME: Final = "signing-key.pem"


def signer_of(folder: Path) -> Signer:
    """Return the signer whose key is in this folder of secrets, made now when there is none."""
    file = folder / _NAME
    if not file.exists():
        keep_secret(folder, _NAME, new_private_key())
    return KeySigner.read(file.read_text())
