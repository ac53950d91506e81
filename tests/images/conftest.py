"""What the tests of images share."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.docker import Daemon
from tests.images.yard import Yard


@pytest.fixture
async def yard(daemon: Daemon, tmp_path: Path) -> AsyncIterator[Yard]:
    made = Yard(daemon.engine, tmp_path)
    yield made
    shutil.rmtree(made.folder)
