"""A real Odoo whose database and filestore are filled to a size, on a disk of one's choice."""

import hashlib
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import psycopg

from ocore.artifacts import Image
from ocore.embedded.supervisor import Supervisor
from ocore.environments import Instance
from ocore.kit import clock
from ocore.kit.databases import connected
from ocore.runtime import ModuleChange
from ocore.runtime.odoo_process import OdooHost
from ocore.snapshots.copying import size_of
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from tests.disks import mounted
from tests.postgres import running_cluster
from tests.real_odoo import real_odoo
from tests.runtime.conftest import SECRET, add_role, dropped, instance_of, own
from tests.runtime.sites import ProcessSite

NAME: Final = "bench_shop"
FILE_BYTES: Final = 64 * 1024
_MODULES: Final = ("mail",)
_BATCH: Final = 20_000

# Half words, half digits that compress badly: as much as real text.
_TEXT: Final = "md5(n::text || random()::text) || ' order of the customer ' || md5(random()::text)"
_PARTNERS: Final = f"""
INSERT INTO res_partner (name, complete_name, email, street, city, comment, active, type)
SELECT {_TEXT}, {_TEXT}, md5(n::text) || '@example.com', {_TEXT}, 'Liège', {_TEXT}, true, 'contact'
  FROM generate_series(1, %(rows)s) n
"""
_MESSAGES: Final = f"""
INSERT INTO mail_message (subject, body, model, res_id, message_type, email_from, date, author_id)
SELECT {_TEXT}, '<p>' || {_TEXT} || '</p><p>' || {_TEXT} || '</p>', 'res.partner', n, 'comment',
       md5(n::text) || '@example.com', now() AT TIME ZONE 'UTC', 3
  FROM generate_series(1, %(rows)s) n
"""


def wanted_bytes(default: str = "200M") -> int:
    """Read SIZE: a number with K, M or G."""
    text = os.environ.get("SIZE") or default
    units = {"K": 1024, "M": 1024**2, "G": 1024**3}
    return int(float(text[:-1]) * units[text[-1].upper()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One instance with data, on a mounted disk."""

    disk: Path
    site: ProcessSite
    image: Image
    instance: Instance

    @property
    def snapshots(self) -> PostgresSnapshots:
        return PostgresSnapshots(self.site.host.server, self.site.home, self.site.host.user)

    @property
    def filestore(self) -> Path:
        name = self.instance.database
        return self.site.home.instances / name / "data" / "filestore" / name

    async def fill(self, size_bytes: int) -> None:
        """Add partners, messages and attachments until the database has this size."""
        server = self.site.host.server
        while True:
            async with connected(server) as connection:
                missing = size_bytes - await size_of(connection, self.instance.database)
            if missing <= 0:
                break
            rows = {"rows": max(500, min(_BATCH, missing // 3000))}
            async with connected(server, self.instance.database) as connection:
                await connection.execute(_PARTNERS.encode(), rows)
                await connection.execute(_MESSAGES.encode(), rows)
        await self._attach(size_bytes // (10 * FILE_BYTES))
        async with connected(server, self.instance.database) as connection:
            await connection.execute("VACUUM ANALYZE")
            await connection.execute("CHECKPOINT")

    async def forget(self) -> None:
        """Delete what was put aside, as a worker does in time."""
        shelf = PostgresShelf(self.site.host.server, self.site.home)
        await shelf.clear_aside(self.instance, before=clock.now() + timedelta(hours=1))

    async def _attach(self, count: int) -> None:
        """Add files, a tenth of the database's size, as Odoo itself keeps them."""
        rows = []
        for number in range(count):
            content = secrets.token_bytes(FILE_BYTES)
            digest = hashlib.sha1(content).hexdigest()
            name = f"{digest[:2]}/{digest}"
            path = self.filestore / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            rows.append((f"scan {number}", name, digest, FILE_BYTES))
        own(self.filestore, self.site.host.user)
        conninfo = self.site.host.server.conninfo(self.instance.database)
        with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO ir_attachment (name, type, store_fname, checksum, file_size)"
                " VALUES (%s, 'binary', %s, %s, %s)",
                rows,
            )


@asynccontextmanager
async def filled(
    kind: str, size_bytes: int, *, room_for: int | None = None
) -> AsyncIterator[Filled]:
    """Give an instance with data on a disk of this kind, behind a PostgreSQL that syncs.

    The disk holds a database of `room_for` bytes several times over.
    """
    odoo = await real_odoo()
    with mounted(kind, 12 * (room_for or size_bytes) + 3 * 1024**3) as disk:
        async with running_cluster(disk, durable=True) as (home, server):
            host = OdooHost(home=home, server=server, user=dropped("daemon"), secret=SECRET)
            supervisor = Supervisor(home.run)
            site = ProcessSite(home, host, supervisor, odoo)
            image = await site.image_of("plain")
            made = Filled(disk=disk, site=site, image=image, instance=instance_of(NAME))
            await _install(made)
            await made.fill(size_bytes)
            yield made


async def _install(made: Filled) -> None:
    conninfo = made.site.host.server.conninfo("postgres")
    with psycopg.connect(conninfo, autocommit=True) as admin:
        add_role(admin, NAME)
        admin.execute(f"CREATE DATABASE {NAME} OWNER {NAME}".encode())
    lines: list[str] = []
    change = ModuleChange(install=_MODULES)
    await made.site.runtime.update(made.instance, made.image, change, say=lines.append)
