"""The only place that reads the time."""

import time
from datetime import UTC, datetime

from ocore.kit.moments import rfc3339

__all__ = ["monotonic_ms", "now", "rfc3339"]


def now() -> datetime:
    """Return the present in UTC."""
    return datetime.now(UTC)


def monotonic_ms() -> int:
    """Return milliseconds of a clock that never goes back; only differences mean something."""
    return time.monotonic_ns() // 1_000_000
