from pathlib import Path

import pytest

from tests.git import new_repository
from tests.source.remote import Remote


@pytest.fixture
def remote(tmp_path: Path) -> Remote:
    return Remote(new_repository(tmp_path / "remote"), tmp_path)
