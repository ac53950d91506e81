"""The apt.txt of a repository: Debian's packages that its modules need, one a line."""

import re
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.images import BuildOrder

_PACKAGE: Final = re.compile(r"[a-z0-9][a-z0-9+.-]+")


def apt_txt(order: BuildOrder) -> str | None:
    file = Path(order.checkout) / "apt.txt"
    return file.read_text(errors="replace") if file.is_file() else None


def system_packages(text: str | None) -> tuple[str, ...]:
    """Return the Debian packages that an apt.txt names, sorted; StepFailed with a bad line."""
    names = set()
    for number, raw in enumerate((text or "").splitlines(), start=1):
        line = raw.partition("#")[0].strip()
        if line and not _PACKAGE.fullmatch(line):
            raise StepFailed(f"apt.txt line {number}: {line[:80]!r} is no name of a Debian package")
        names.add(line)
    return tuple(sorted(names - {""}))
