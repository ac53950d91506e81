"""The least that looks like an Odoo on disk. It cannot be started, and these tests start none."""

from pathlib import Path

RELEASE = "version_info = (19, 0, 0, 'final', 0, '')\n"


def source_checkout(root: Path, release: str = RELEASE) -> Path:
    """Write the layout of Odoo's source repository."""
    for folder in ("odoo/addons/base", "addons/web"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__manifest__.py").write_text("{}")
    (root / "odoo" / "release.py").write_text(release)
    (root / "odoo-bin").write_text("")
    return root


def debian_root(root: Path, release: str = RELEASE) -> Path:
    """Write the layout of Debian's package."""
    packages = root / "usr/lib/python3/dist-packages"
    (packages / "odoo/addons/base").mkdir(parents=True)
    (packages / "odoo/release.py").write_text(release)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/odoo").write_text("")
    return root
