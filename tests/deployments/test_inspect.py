from dataclasses import dataclass, replace

import pytest

from ocore.deployments.model import Deployment, Step
from ocore.deployments.products import Inspected
from ocore.deployments.steps.inspect import inspect
from ocore.deployments.steps.outcome import GateFailed
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Project
from ocore.odoo.addons import Addon
from ocore.source import Checkout
from tests.deployments.journal import done
from tests.deployments.world import LOANS, World, WorldSource, deployment, toolbox

ENTERPRISE = replace(LOANS, depends=("account_accountant",))


@dataclass
class Repository(WorldSource):
    """A source whose only module is this one."""

    addon: Addon

    async def checkout(self, _project: Project, _sha: str) -> Checkout:
        return Checkout(path="/checkout", addons=(self.addon,))


def tools_with(addon: Addon) -> Toolbox:
    world = World()
    return replace(toolbox(world), source=Repository(world, addon))


def running_on(provider: str) -> Deployment:
    fetched = done(deployment(), Step.FETCH)
    return replace(fetched, instance=replace(fetched.instance, provider=provider))


async def test_a_module_that_needs_enterprise_is_refused_where_there_is_none() -> None:
    with pytest.raises(GateFailed, match="account_accountant"):
        await inspect(running_on("debian"), tools_with(ENTERPRISE))


@pytest.mark.parametrize("provider", ["git", "path"])
async def test_a_tree_of_ones_own_may_hold_enterprise(provider: str) -> None:
    outcome = await inspect(running_on(provider), tools_with(ENTERPRISE))
    assert isinstance(outcome.artifact, Inspected)
