"""What is in an image, and what it was made of: the papers that auditors and scanners ask for.

Pure values: a CycloneDX 1.6 bill of materials, and SLSA v1 provenance. Neither tells a time, so
that the same image has the same papers.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

from ocore.images import BuildOrder

Document = dict[str, Any]
BUILD_TYPE: Final = "urn:ocore:build:v1"
BUILDER: Final = "urn:ocore:builder"


class Kind(StrEnum):
    """Where a component comes from, in the words of package URLs (purl-spec)."""

    DEBIAN = "deb/debian"
    ODOO = "generic/odoo"
    PYTHON = "pypi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One thing in an image. For `Kind.ODOO` the name is that of the module, or `odoo`."""

    kind: Kind
    name: str
    version: str

    @property
    def purl(self) -> str:
        return f"pkg:{self.kind}/{quote(self.name, safe='')}@{quote(self.version, safe='')}"


def bill_of_materials(tag: str, components: Iterable[Component]) -> Document:
    """Return the CycloneDX document, its components sorted."""
    listed = sorted(set(components), key=lambda each: (each.kind, each.name, each.version))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": tag, "bom-ref": tag}},
        "components": [
            {
                "type": "library",
                "bom-ref": each.purl,
                "name": each.name,
                "version": each.version,
                "purl": each.purl,
            }
            for each in listed
        ],
    }


def provenance(order: BuildOrder, *, base: str) -> Document:
    """Return the predicate that an image was made of this order on this base."""
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "commit": order.commit_sha,
                "modules": list(order.modules),
                "odooVersion": order.odoo_version,
                "provider": order.provider,
                "source": order.source,
                "pythonDependencies": list(order.python_dependencies),
            },
            "resolvedDependencies": [
                {"name": "repository", "digest": {"gitCommit": order.commit_sha}},
                {"name": "base", "uri": base},
            ],
        },
        "runDetails": {"builder": {"id": BUILDER}},
    }
