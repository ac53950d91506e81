"""A real PostgreSQL 18 for tests: the embedded cluster, in a home of its own."""

import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from ocore.embedded.users import platform_users
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import as_user


@asynccontextmanager
async def running_cluster(
    parent: Path = Path("/tmp"),
    *,
    durable: bool = False,
) -> AsyncIterator[tuple[Home, PostgresServer]]:
    """Give a server that dies with the test run, its files under `parent`.

    What it writes reaches the disk only where `durable` says so.
    """
    root = Path(tempfile.mkdtemp(prefix="oc-", dir=parent))
    root.chmod(0o711)
    home, users = Home(root), await platform_users()
    home.log.mkdir()
    cluster = Cluster(home, users.postgres)
    await cluster.initialise()
    program = cluster.program(priority=1)
    options = [] if durable else ["-c", "fsync=off"]
    argv = as_user([*program.argv, *options], program.user, death_signal="INT")
    with program.log.open("ab") as log:
        process = subprocess.Popen(argv, stdout=log, stderr=log, cwd="/")
    try:
        await cluster.wait_ready(seconds=30)
        yield home, cluster.server()
    finally:
        process.send_signal(2)
        process.wait(30)
        shutil.rmtree(root)
