"""How an Odoo lies on disk: Debian's layout, and that of its source repository."""

import ast
import hashlib
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.requirements import REQUIREMENTS

_DEBIAN_PACKAGES: Final = "usr/lib/python3/dist-packages"


def debian_tree(root: Path, series: str, content_hash: str) -> OdooTree:
    """Describe a root into which Debian's packages were unpacked."""
    packages = root / _DEBIAN_PACKAGES
    return _tree(
        series,
        content_hash,
        executable=root / "usr" / "bin" / "odoo",
        python_path=packages,
        addons=(packages / "odoo" / "addons",),
    )


def source_tree(root: Path, series: str, content_hash: str) -> OdooTree:
    """Describe a checkout of Odoo's source repository."""
    return _tree(
        series,
        content_hash,
        executable=root / "odoo-bin",
        python_path=root,
        addons=(root / "odoo" / "addons", root / "addons"),
    )


def is_debian(root: Path) -> bool:
    return (root / _DEBIAN_PACKAGES / "odoo" / "release.py").exists()


def series_of(tree: OdooTree) -> str:
    """Return the series Odoo itself says it is of (odoo/release.py, `version_info`)."""
    release = Path(tree.python_path) / "odoo" / "release.py"
    for node in ast.parse(release.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "version_info":
            values = node.value.elts if isinstance(node.value, ast.Tuple) else []
            return ".".join(ast.unparse(value) for value in values[:2])
    raise StepFailed(f"{release} does not say which version of Odoo this is")


def check_whole(tree: OdooTree, series: str) -> OdooTree:
    """Return the tree when everything a start needs is there; StepFailed names what is not."""
    for part in (tree.executable, f"{tree.python_path}/odoo/release.py", *tree.addons_paths):
        if not Path(part).exists():
            raise StepFailed(
                f"this is no whole Odoo: {part} is missing; put it back, or remove all of it"
            )
    found = series_of(tree)
    if found != series:
        raise StepFailed(f"this is Odoo {found}, not {series}: {tree.python_path}")
    return tree


def hash_of_release(root: Path) -> str:
    """Name an Odoo that somebody else keeps: its place, and what its release says."""
    release = next(root.rglob("odoo/release.py"), None)
    if release is None:
        raise StepFailed(f"no Odoo at {root}: odoo/release.py is missing")
    changed = str(release.stat().st_mtime_ns)
    parts = "\0".join([str(root.resolve()), release.read_text(), changed])
    return hashlib.sha256(parts.encode()).hexdigest()


def _tree(
    series: str, content_hash: str, *, executable: Path, python_path: Path, addons: tuple[Path, ...]
) -> OdooTree:
    return OdooTree(
        version=series,
        content_hash=content_hash,
        executable=str(executable),
        python_path=str(python_path),
        addons_paths=tuple(str(path) for path in addons),
        requirements=REQUIREMENTS[series],
    )
