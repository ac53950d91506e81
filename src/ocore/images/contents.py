"""What an image holds: Python's distributions, Debian's packages, Odoo and the modules."""

import ast
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

import msgspec

from ocore.images import BuildOrder
from ocore.images.documents import Component, Kind

QUESTION: Final = """
import json, re
from importlib.metadata import distributions
from pathlib import Path
found = [["pypi", each.name, each.version] for each in distributions()]
status = Path("/var/lib/dpkg/status")
for block in status.read_text().split("\\n\\n") if status.exists() else ():
    fields = dict(re.findall(r"(?m)^(Package|Status|Version): (.*)$", block))
    if fields.get("Status", "").endswith(" installed"):
        found.append(["deb/debian", fields["Package"], fields["Version"]])
print(json.dumps(found))
"""


def answered(told: str) -> tuple[Component, ...]:
    """Read what a container answered to QUESTION."""
    listed = msgspec.json.decode(told.splitlines()[-1], type=list[tuple[Kind, str, str]])
    return tuple(Component(kind=kind, name=name, version=text) for kind, name, text in listed)


def installed(python: Path) -> tuple[Component, ...]:
    """Return the distributions of a virtual environment; only their metadata is read."""
    folders = [str(path) for path in python.parent.parent.glob("lib/python3*/site-packages")]
    return tuple(
        Component(kind=Kind.PYTHON, name=each.name, version=each.version)
        for each in distributions(path=folders)
    )


def modules(order: BuildOrder, *, odoo: str) -> Iterator[Component]:
    """Yield Odoo, known by what names its files, and the modules with their manifests' versions."""
    yield Component(kind=Kind.ODOO, name="odoo", version=odoo)
    for path in order.modules:
        folder = Path(order.checkout) / path
        yield Component(kind=Kind.ODOO, name=folder.name, version=_version(folder))


def _version(folder: Path) -> str:
    # Inspected before it was built: the manifest is a literal.
    manifest = ast.literal_eval((folder / "__manifest__.py").read_text())
    return str(manifest.get("version", "1.0"))
