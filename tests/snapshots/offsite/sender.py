"""Sends one snapshot in a process of its own, which a test can kill."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import msgspec

from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.snapshots.offsite.key import OffsiteKey
from ocore.snapshots.offsite.s3 import S3Offsite
from ocore.snapshots.records import SnapshotRecord
from tests.s3 import S3Server


async def send(home: Home, endpoint: str) -> None:
    errand: dict[str, Any] = msgspec.json.decode((home.run / "errand.json").read_bytes())
    server = S3Server(home.root, int(endpoint.rpartition(":")[2]))
    bucket = server.bucket(errand["prefix"])
    offsite = S3Offsite(bucket, OffsiteKey(errand["key"]), home.snapshots)
    record = msgspec.convert(errand["record"], SnapshotRecord)
    await offsite.send(record, msgspec.convert(errand["instance"], Instance))


if __name__ == "__main__":
    asyncio.run(send(Home(Path(sys.argv[1])), sys.argv[2]))
