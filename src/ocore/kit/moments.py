"""How a moment is written down."""

from datetime import UTC, datetime, timedelta


def rfc3339(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds, as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def milliseconds_between(start: datetime, end: datetime) -> int:
    """Return the whole milliseconds from one moment to another."""
    return round((end - start).total_seconds() * 1000)


def in_seconds(duration: timedelta) -> str:
    """Write how long something took, for people."""
    return f"{duration.total_seconds():.1f} s"
