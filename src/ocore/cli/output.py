"""What the commands print. Texts of people are shown as they are, never read as markup."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

_UNBOUND: Final = 100_000
"""Columns where no terminal bounds a line: an id that was cut is of no use to a script."""


def _console(*, stderr: bool) -> Console:
    made = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    if not made.is_terminal:
        made.width = _UNBOUND
    return made


console: Final = _console(stderr=False)
errors: Final = _console(stderr=True)


def print_error(text: str) -> None:
    """Print why a command ends without having done what it was asked for."""
    errors.print(text, style="red", soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def print_list(
    answer: Any, rows: Iterable[Sequence[str]], columns: Sequence[str], *, as_json: bool
) -> None:
    """Print a list of the API's as a table of these rows, or the answer itself as JSON."""
    if as_json:
        print_json(answer)
        return
    table = Table(*columns, box=None)
    for row in rows:
        table.add_row(*row)
    console.print(table)
