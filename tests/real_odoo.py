"""A real Odoo 19 for tests, brought by our own provider into a cache that outlives the run."""

import os
from dataclasses import dataclass
from pathlib import Path

from ocore.embedded.users import closed_folder, platform_users
from ocore.images.venvs import Venvs
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.debian import DebianProvider
from ocore.wiring.tools import python_for

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class RealOdoo:
    """Odoo's files, and an interpreter that has what they need."""

    tree: OdooTree
    python: Path


def cache_folder() -> Path:
    """Return what may be kept between runs: beside the code, if Odoo's own user gets there."""
    if os.geteuid() == 0 and closed_folder(ROOT) is not None:
        return Path("/var/cache/ocore-tests")
    return ROOT / ".cache" / "ocore"


async def venvs() -> Venvs:
    """Return the environments that are kept beside Odoo."""
    cache, users = cache_folder(), await platform_users()
    return Venvs(
        cache=cache, python=python_for(users), user=users.odoo, environment=dict(os.environ)
    )


async def real_odoo() -> RealOdoo:
    cache, environments = cache_folder(), await venvs()
    tree = await DebianProvider(cache, mirror=None).provide("19.0", source=None, say=print)
    python = await environments.make(tree.requirements, say=print)
    await environments.compile(python, tree, say=print)
    return RealOdoo(tree, python)
