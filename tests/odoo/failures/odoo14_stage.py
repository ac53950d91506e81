"""A real Odoo 14, from Debian 11, in a root of its own: how an earlier series says the same.

Its Python and its libraries are of its time, so that it runs in a tree that debootstrap made, on
the PostgreSQL 18 of this machine.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ocore.kit import shell
from ocore.odoo.providers import OdooTree
from tests.odoo.failures import in_modules, in_scripts
from tests.odoo.failures.case import Case
from tests.odoo.failures.in_modules import case, field_in, updated
from tests.odoo.failures.odoo_stage import OdooStage, stage_of
from tests.real_odoo import RealOdoo, cache_folder

MIRROR: Final = "http://deb.debian.org/debian"
_SAME_CAUSE: Final = frozenset(
    {
        "csv_row",
        "data_constraint",
        "data_eval",
        "data_function",
        "depends_unknown_field",
        "external_binary",
        "external_python",
        "file_not_found",
        "missing_dependency",
        "missing_external_id",
        "required_on_nulls",
        "script_external_id",
        "script_signature",
        "view_expression",
        "view_modifier_field",
        "view_unknown_field",
        "view_xpath",
        "xml_encoding",
    }
)
"""Failures of Odoo 19 that Odoo 14 tells in other words or at other places."""
_OF_THIS_SERIES: Final = (
    case(
        "view_attrs_field",
        "attrs with a field that the view does not have",
        updated(
            field_in("""<field name="days" attrs="{'invisible': [('state', '=', 'out')]}"/>""")
        ),
    ),
)


def _older() -> Sequence[Case[OdooStage]]:
    every = (*in_modules.CASES, *in_scripts.CASES)
    chosen = [each for each in every if each.name in _SAME_CAUSE]
    return [replace(each, name=f"odoo14_{each.name}") for each in (*chosen, *_OF_THIS_SERIES)]


CASES: Final = _older()


async def _debian_11(root: Path) -> None:
    """Make the tree, once; debootstrap is a package of Debian."""
    if (root / "usr/bin/odoo").exists():
        return
    await asyncio.to_thread(shutil.rmtree, root, ignore_errors=True)
    more = ["--variant=minbase", "--include=odoo-14"]
    await shell.run(["debootstrap", *more, "bullseye", str(root), MIRROR], env={}, cwd="/")


@asynccontextmanager
async def odoo14_stage() -> AsyncIterator[OdooStage]:
    """Give the stage of the failures with Odoo 14 on it."""
    root = cache_folder() / "debian-11"
    await _debian_11(root)
    tree = OdooTree(
        version="14.0",
        content_hash="",
        executable="/usr/bin/odoo",
        python_path="",
        addons_paths=("/usr/lib/python3/dist-packages/odoo/addons",),
        requirements=(),
    )
    odoo = RealOdoo(tree, Path("/usr/bin/python3"))
    folder = Path(tempfile.mkdtemp(prefix="oc-failures-"))
    mounts = {
        Path("/proc"): root / "proc",
        Path("/dev"): root / "dev",
        folder: root / folder.relative_to("/"),
    }
    for source, target in mounts.items():
        target.mkdir(exist_ok=True)
        await shell.run(["mount", "--bind", str(source), str(target)], env={}, cwd="/")
    try:
        async with stage_of(odoo, folder, within=("/usr/sbin/chroot", str(root))) as stage:
            yield stage
    finally:
        for target in mounts.values():
            await shell.run(["umount", str(target)], env={}, cwd="/")
        shutil.rmtree(folder, ignore_errors=True)
