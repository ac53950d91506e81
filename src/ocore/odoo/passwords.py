"""Passwords as Odoo keeps them."""

import base64
import hashlib
from typing import Final

ROUNDS: Final = 600_000
"""odoo/addons/base/models/res_users.py, MIN_ROUNDS."""


def password_hash(password: str, salt: bytes) -> str:
    """Return the value of `res_users.password`: passlib's pbkdf2_sha512, 64 bytes.

    It takes a good part of a second, as it should.
    """
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"$pbkdf2-sha512${ROUNDS}${_ab64(salt)}${_ab64(digest)}"


def _ab64(value: bytes) -> str:
    """Encode as passlib does: base64 with `.` for `+`, and no padding."""
    return base64.b64encode(value).decode().rstrip("=").replace("+", ".")
