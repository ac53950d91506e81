"""Identifiers that sort by the time they were made."""

import secrets
import time
from uuid import UUID


def uuid7() -> str:
    """Return a UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return str(UUID(int=value))


def is_uuid(text: str) -> bool:
    """Say whether this is a UUID written out, with hyphens and nothing around; in either case."""
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
