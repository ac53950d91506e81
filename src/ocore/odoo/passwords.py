"""Passwords as Odoo keeps them."""

import base64
import hashlib
import hmac
import re
from typing import Final

ROUNDS: Final = 600_000
"""odoo/addons/base/models/res_users.py, MIN_ROUNDS."""
_DIGIT: Final = "[A-Za-z0-9./]"
_STORED: Final = re.compile(
    r"\$pbkdf2-sha512\$(?P<rounds>[1-9][0-9]{0,6})"
    rf"\$(?P<salt>({_DIGIT}{{4}}){{0,24}}({_DIGIT}{{2,3}})?)\${_DIGIT}{{86}}"
)


def password_hash(password: str, salt: bytes) -> str:
    """Return the value of `res_users.password`: passlib's pbkdf2_sha512, 64 bytes.

    It takes a good part of a second, as it should.
    """
    return _hash(password, salt, ROUNDS)


def is_hash_of(password: str, stored: str) -> bool:
    """Say whether Odoo would take this password. As slow; False where the hash is of no such kind.

    What is stored is not trusted: it cannot ask for more than some seconds of work.
    """
    found = _STORED.fullmatch(stored)
    if found is None:
        return False
    salt = base64.b64decode(found["salt"].replace(".", "+") + "==")
    return hmac.compare_digest(_hash(password, salt, int(found["rounds"])), stored)


def _hash(password: str, salt: bytes, rounds: int) -> str:
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$pbkdf2-sha512${rounds}${_ab64(salt)}${_ab64(digest)}"


def _ab64(value: bytes) -> str:
    """Encode as passlib does: base64 with `.` for `+`, and no padding."""
    return base64.b64encode(value).decode().rstrip("=").replace("+", ".")
