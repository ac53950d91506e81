"""A PostgreSQL of our own, one Odoo database made once, and a copy of it for each test."""

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from ocore.artifacts import Image
from ocore.embedded.home import Home
from ocore.embedded.supervisor import Supervisor
from ocore.environments import Instance
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser, os_user
from ocore.kit.secret import derive
from ocore.runtime import ModuleChange
from ocore.runtime.odoo_process import OdooHost
from tests.docker import Daemon
from tests.real_odoo import RealOdoo
from tests.runtime.sites import DockerSite, ProcessSite, Site, SwarmSite

SECRET = "a secret of tests"
BASE = "ocore_test_base"


def dropped(name: str) -> OsUser | None:
    """Users every Debian has; an unprivileged run has only itself."""
    return os_user(name) if os.geteuid() == 0 else None


def own(path: Path, user: OsUser | None) -> None:
    if user is not None:
        subprocess.run(["chown", "-R", f"{user.uid}:{user.gid}", str(path)], check=True)


@pytest.fixture(scope="session")
def server(cluster: tuple[Home, PostgresServer]) -> PostgresServer:
    return cluster[1]


def make_host(server: PostgresServer) -> OdooHost:
    root = Path(tempfile.mkdtemp(prefix="oc-"))
    root.chmod(0o755)
    return OdooHost(home=Home(root), server=server, user=dropped("daemon"), secret=SECRET)


def process_site(server: PostgresServer, odoo: RealOdoo) -> ProcessSite:
    host = make_host(server)
    return ProcessSite(host.home, host, Supervisor(host.home.run), odoo)


def instance_of(database: str) -> Instance:
    return Instance(
        id="1",
        organization_id="o",
        project_id="p",
        name="Shop",
        slug="shop",
        database=database,
        host="shop.example.com",
    )


@dataclass(frozen=True)
class Base:
    """A database with `web` installed, and its filestore."""

    filestore: Path


@pytest.fixture(scope="session")
async def base(server: PostgresServer, odoo: RealOdoo) -> AsyncIterator[Base]:
    site = process_site(server, odoo)
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        add_role(admin, BASE)
        # Not owned by its role, so that REASSIGN OWNED in a copy does not give the base away.
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(BASE)))
    with psycopg.connect(server.conninfo(BASE), autocommit=True) as admin:
        role = sql.Identifier(BASE)
        admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))
        admin.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(role, role))
    image = await site.image_of("plain")
    change = ModuleChange(install=("web",))
    await site.runtime.update(instance_of(BASE), image, change, say=lambda _: None)
    yield Base(filestore=site.home.instances / BASE / "data" / "filestore" / BASE)
    shutil.rmtree(site.home.root)


def add_role(admin: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    password = derive(SECRET, f"database-role:{name}")
    admin.execute(
        sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(name), password)
    )


def copy_of(base: Base, site: Site) -> Instance:
    database = f"shop_{secrets.token_hex(6)}"
    name = sql.Identifier(database)
    with psycopg.connect(site.host.server.conninfo("postgres"), autocommit=True) as admin:
        add_role(admin, database)
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {}")
        admin.execute(query.format(name, sql.Identifier(BASE), name))
    with psycopg.connect(site.host.server.conninfo(database), autocommit=True) as admin:
        admin.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(sql.Identifier(BASE), name))
    data = site.home.instances / database / "data"
    shutil.copytree(base.filestore, data / "filestore" / database)
    own(data, site.host.user)
    return instance_of(database)


@pytest.fixture
async def process(server: PostgresServer, odoo: RealOdoo) -> AsyncIterator[ProcessSite]:
    made = process_site(server, odoo)
    supervisor = await made.launch()
    yield made
    await made.supervisor.shutdown()
    supervisor.wait(30)
    shutil.rmtree(made.home.root)


@pytest.fixture
async def docker(server: PostgresServer, daemon: Daemon) -> AsyncIterator[DockerSite]:
    host = make_host(server)
    made = DockerSite(host.home, host, daemon.engine)
    yield made
    await made.clear()
    shutil.rmtree(made.home.root)


@pytest.fixture
async def swarm(server: PostgresServer, swarm_daemon: Daemon) -> AsyncIterator[SwarmSite]:
    host = make_host(server)
    made = SwarmSite(host.home, host, swarm_daemon.engine)
    yield made
    await made.clear()
    shutil.rmtree(made.home.root)


@pytest.fixture
def instance(site: Site, base: Base) -> Instance:
    """Give a fresh instance on the `site` of the test's module."""
    return copy_of(base, site)


@pytest.fixture
async def image(site: Site) -> Image:
    return await site.image_of("plain")
