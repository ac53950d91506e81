"""Records for a worker."""

from tests.storage.conftest import (
    conninfo as conninfo,  # noqa: PLC0414 - fixtures, for here too
)
from tests.storage.conftest import migrated as migrated  # noqa: PLC0414
from tests.storage.conftest import pool as pool  # noqa: PLC0414
from tests.storage.conftest import records as records  # noqa: PLC0414
