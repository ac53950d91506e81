"""Odoo that already lies on this machine. It is used where it is, never copied."""

import asyncio
from pathlib import Path

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.layout import (
    check_whole,
    debian_tree,
    hash_of_release,
    is_debian,
    source_tree,
)


class PathProvider:
    """`source` is the folder: a checkout of Odoo, or a root with Debian's package unpacked."""

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        if source is None or not Path(source).is_dir():
            raise StepFailed(f"the instance's source {source!r} is no folder on this machine")
        say(f"Using Odoo at {source}")
        return await asyncio.to_thread(_read, Path(source), series)


def _read(root: Path, series: str) -> OdooTree:
    describe = debian_tree if is_debian(root) else source_tree
    return check_whole(describe(root, series, hash_of_release(root)), series)
