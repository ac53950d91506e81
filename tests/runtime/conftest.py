"""A PostgreSQL of our own, one Odoo database made once, and a copy of it for each test."""

import asyncio
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import sql

from ocore.artifacts import Image
from ocore.embedded.home import Home
from ocore.embedded.supervisor import Supervisor, supervisord_command
from ocore.environments import Instance
from ocore.images.release import FILE, Release, release_folder
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser, os_user
from ocore.kit.secret import derive
from ocore.runtime import ModuleChange
from ocore.runtime.crons import ProcessCrons
from ocore.runtime.odoo_process import OdooHost
from ocore.runtime.ports import Ports
from ocore.runtime.process import ProcessRuntime
from tests.real_odoo import RealOdoo

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


@dataclass(frozen=True)
class Site:
    """A home with Odoo as its only image, and a supervisor that may run it."""

    home: Home
    host: OdooHost
    image: Image
    supervisor: Supervisor
    odoo: RealOdoo

    @property
    def runtime(self) -> ProcessRuntime:
        return ProcessRuntime(self.supervisor, self.host, Ports(self.home.instances))

    @property
    def crons(self) -> ProcessCrons:
        return ProcessCrons(self.supervisor, self.host, patience=5)

    async def launch(self) -> subprocess.Popen[bytes]:
        await self.supervisor.prepare()
        process = subprocess.Popen(supervisord_command(self.home.run))
        while not await self.supervisor.reachable():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return process

    def image_of(self, name: str, *addons: Path) -> Image:
        """Write a release that adds these folders of modules to Odoo."""
        image = Image(tag=f"acme/shop:{name}", base="base", reused=False)
        release = Release(
            tag=image.tag,
            base=image.base,
            tree=self.odoo.tree,
            python=str(self.odoo.python),
            addons_paths=tuple(str(path) for path in addons),
            commit_sha="0" * 40,
        )
        folder = release_folder(self.home.releases, image.tag)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILE).write_bytes(msgspec.json.encode(release))
        return image


def make_site(server: PostgresServer, odoo: RealOdoo) -> Site:
    root = Path(tempfile.mkdtemp(prefix="oc-"))
    root.chmod(0o755)
    home = Home(root)
    host = OdooHost(home=home, server=server, user=dropped("daemon"), secret=SECRET)
    blank = Site(home, host, Image(tag="", base="", reused=False), Supervisor(home.run), odoo)
    return replace(blank, image=blank.image_of("plain"))


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
def base(server: PostgresServer, odoo: RealOdoo) -> Iterator[Base]:
    site = make_site(server, odoo)
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as admin:
        add_role(admin, BASE)
        # Not owned by its role, so that REASSIGN OWNED in a copy does not give the base away.
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(BASE)))
    with psycopg.connect(server.conninfo(BASE), autocommit=True) as admin:
        role = sql.Identifier(BASE)
        admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))
        admin.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(role, role))
    lines: list[str] = []
    change = ModuleChange(install=("web",))
    asyncio.run(site.runtime.update(instance_of(BASE), site.image, change, say=lines.append))
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
async def site(server: PostgresServer, odoo: RealOdoo) -> AsyncIterator[Site]:
    made = make_site(server, odoo)
    process = await made.launch()
    yield made
    await made.supervisor.shutdown()
    process.wait(30)
    shutil.rmtree(made.home.root)


@pytest.fixture
def instance(site: Site, base: Base) -> Instance:
    return copy_of(base, site)


@pytest.fixture
def another(site: Site, base: Base) -> Instance:
    return copy_of(base, site)
