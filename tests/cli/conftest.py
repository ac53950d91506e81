"""The command line as a program, on a running API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.conftest import api as api  # noqa: PLC0414 - a fixture, for here too
from tests.api.parts import Api
from tests.api.worker import empty_world, working
from tests.cli.terminal import Terminal
from tests.deployments.world import World
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414 - as above


@pytest.fixture
def terminal(tmp_path: Path, api: Api) -> Terminal:
    """Somebody who has signed in as the owner."""
    return Terminal(folder=tmp_path, api=api)


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    """What the worker deploys to."""
    made = empty_world()
    async with working(api, made):
        yield made
