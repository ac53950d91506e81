"""Passwords that need not be stored, because they can be made again."""

import hashlib
import hmac


def derive(secret: str, label: str) -> str:
    """Return 64 hexadecimal digits that only the holder of `secret` can make for `label`."""
    return hmac.new(secret.encode(), label.encode(), hashlib.sha256).hexdigest()
