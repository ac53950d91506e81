"""A snapshot of an instance, tried out, and a place in a real S3 server for its copy."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.kit import clock, ids
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.offsite.key import OffsiteKey, new_key
from ocore.snapshots.offsite.s3 import S3Offsite
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.records import Proof, SnapshotReason, SnapshotRecord, SnapshotStatus
from ocore.snapshots.shelf import PostgresShelf
from tests.databases.odoo_like import BASE, filestore, instance, query
from tests.s3 import S3Server


@dataclass
class Depot:
    """An instance of its own and a prefix of its own."""

    acme: Instance
    home: Home
    server: PostgresServer
    s3: S3Server
    key: str
    prefix: str

    @property
    def offsite(self) -> S3Offsite:
        bucket = self.s3.bucket(self.prefix)
        return S3Offsite(bucket, OffsiteKey(self.key), self.home.snapshots)

    @property
    def filestore(self) -> Path:
        return filestore(self.home, self.acme.database)

    def objects(self) -> dict[str, Path]:
        return self.s3.objects(self.prefix)

    def pieces(self) -> set[str]:
        return {name for name in self.objects() if "/blobs/" in name}

    async def taken(self) -> SnapshotRecord:
        """Take a snapshot within the window and try it out, as a worker would."""
        snapshots = PostgresSnapshots(self.server, self.home, None)
        snapshot = await snapshots.take(self.acme, ids.uuid7())
        await PostgresShelf(self.server, self.home).prove(self.acme, snapshot)
        return SnapshotRecord(
            id=snapshot.id,
            instance_id=self.acme.id,
            status=SnapshotStatus.AVAILABLE,
            reason=SnapshotReason.DEPLOYMENT,
            created_at=clock.now(),
            completed_at=clock.now(),
            snapshot=snapshot,
            proof=Proof.PASSED,
        )

    async def run(self, statement: str) -> None:
        await query(self.server, self.acme.database, statement)


@pytest.fixture
async def depot(
    home: Home, postgres_server: PostgresServer, databases: PostgresDatabases, s3: S3Server
) -> AsyncIterator[Depot]:
    name = f"depot_{ids.uuid7()[-8:]}"
    acme = replace(instance(name), id=ids.uuid7(), organization_id=ids.uuid7())
    await databases.create(acme, base=BASE)
    yield Depot(acme, home, postgres_server, s3, new_key(), f"tests/{name}")
    await query(postgres_server, "postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
