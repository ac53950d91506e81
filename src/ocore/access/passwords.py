"""Passwords at rest: Argon2id (RFC 9106), checked in the same time whoever asks."""

import asyncio
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST_PASSWORD: Final = 1024

# OWASP Password Storage Cheat Sheet: m=19456 (19 MiB), t=2, p=1.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DECOY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$/g7NzwRf+EfGNq8nulQORA$Rh8YnViM6hcQ99k8ME4CmV35MxkDIR0Ykka1hdo+zn0"
)
"""The hash of a password nobody has, at the same cost as a real one."""


async def hashed(password: str) -> str:
    """Return the hash to keep, in PHC string format."""
    return await asyncio.to_thread(_HASHER.hash, password)


async def matches(password: str, password_hash: str | None) -> bool:
    """Say whether this is the password. Without a hash the answer is no, after the same work."""
    fits = await asyncio.to_thread(_fits, password, password_hash or _DECOY)
    return fits and password_hash is not None


def _fits(password: str, password_hash: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False
