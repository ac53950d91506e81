"""What modules need from Python, as the lines an installer takes."""

import re
from collections.abc import Iterable
from typing import Final

from ocore.errors import StepFailed

DISTRIBUTIONS: Final = {
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "serial": "pyserial",
    "stdnum": "python-stdnum",
    "usb": "pyusb",
    "yaml": "pyyaml",
    "zxcvbn": "zxcvbn",
}
"""Import names that manifests use where the distribution is called otherwise."""

_LINE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?\s*"
    r"((===|~=|==|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]+\s*(,\s*|))*(;.*)?"
)


def merge_dependencies(requirements: str | None, names: Iterable[str]) -> tuple[str, ...]:
    """Return the lines of a requirements.txt and of manifests' names, sorted and distinct.

    Options, addresses and files are refused with their line: what is installed must come from
    the index the platform is set up with, by name.
    """
    lines = {DISTRIBUTIONS.get(name, name) for name in names}
    for number, raw in enumerate((requirements or "").splitlines(), start=1):
        line = raw.split(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        lines.add(_checked(line, f"requirements.txt line {number}"))
    return tuple(sorted(_checked(line, "external_dependencies") for line in lines))


def _checked(line: str, place: str) -> str:
    if not _LINE.fullmatch(line):
        shown = line if "@" not in line and "://" not in line else "an address"
        raise StepFailed(
            f"{place}: {shown} is refused; name a distribution and its version, nothing else"
        )
    return line
