"""Module versions, read and compared as Odoo does."""

import re
from typing import Final

SERIES: Final = "19.0"
"""The series that is meant where none is named."""

_NUMBER: Final = re.compile(r"\d+")


def full_version(version: str, *, series: str) -> str:
    """Return the version Odoo writes into `latest_version`; ValueError when it would refuse it.

    The rule of odoo/modules/module.py `adapt_version`: two to five numbers, and the series is put
    in front of up to three that do not begin with it.
    """
    parts = version.split(".")
    if not 2 <= len(parts) <= 5:
        raise ValueError(f"version {version!r} must have between 2 and 5 parts")
    if not all(part.strip().isdecimal() for part in parts):
        raise ValueError(f"version {version!r} must be made of numbers")
    if len(parts) <= 3 and not version.startswith(series):
        return f"{series}.{version}"
    return version


def is_of_series(version: str, *, series: str) -> bool:
    """Say whether Odoo of this series installs a module of this full version."""
    return version.startswith(f"{series}.")


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are ordered by. As in Odoo, 19.0.1.0 and 19.0.1.0.0 are the same."""
    numbers = [int(number) for number in _NUMBER.findall(version)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
