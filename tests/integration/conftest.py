"""One platform for all tests that need real Odoo: its base database is made once per run."""

import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ocore.demo.repository import DemoCommits, build_repository
from tests.integration.platform import Platform, Site
from tests.real_odoo import cache_folder


@contextmanager
def new_home(name: str, *, parent: Path = Path("/tmp")) -> Iterator[Path]:
    """Make a home that other users may enter, with what was fetched in earlier runs."""
    # Under /tmp directly: pytest's own folder is closed to other users, and its path too long
    # for a unix socket.
    root = parent / f"ocore-{name}"[:40]
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(mode=0o711)
    cache_folder().mkdir(parents=True, exist_ok=True)
    (root / "cache").symlink_to(cache_folder())
    try:
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with new_home(tmp_path_factory.getbasetemp().name) as root:
        yield root


@pytest.fixture(scope="session")
async def platform(home: Path) -> AsyncIterator[Platform]:
    running = await Platform(home, environment={"OCORE_LEASE_SECONDS": "4"}).up()
    yield running
    running.down()


@pytest.fixture
async def commits(tmp_path: Path) -> DemoCommits:
    return await build_repository(tmp_path / "repository")


@pytest.fixture
async def site(platform: Platform, commits: DemoCommits, tmp_path: Path) -> AsyncIterator[Site]:
    assert commits.first
    made = await Site.make(platform, tmp_path / "repository", tmp_path.name)
    yield made
    await made.retire()
