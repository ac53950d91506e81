"""File systems for tests and benchmarks: files on loop devices, of any kind and size."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

MIB: Final = 1024**2
MAKE: Final = {
    "xfs": ["mkfs.xfs", "-q", "-m", "reflink=1"],
    "ext4": ["mkfs.ext4", "-q", "-F"],
}
"""What shares blocks between files, and what does not."""


@contextmanager
def mounted(kind: str, size_bytes: int) -> Iterator[Path]:
    """Give a fresh file system of this kind; only root may, and it is gone afterwards."""
    if os.geteuid() != 0:
        raise SystemExit("file systems are mounted here: run it as root")
    with tempfile.TemporaryDirectory(prefix="oc-disk-") as folder:
        disk, mount = Path(folder, "disk.img"), Path(folder, "mnt")
        Path(folder).chmod(0o711)
        mount.mkdir()
        with disk.open("wb") as file:
            file.truncate(size_bytes)
        subprocess.run([*MAKE[kind], str(disk)], check=True)
        subprocess.run(["mount", "-o", "loop", str(disk), str(mount)], check=True)
        try:
            yield mount
        finally:
            subprocess.run(["umount", "--lazy", str(mount)], check=True)


def used_bytes(mount: Path) -> int:
    """Return the bytes in use, once all that was written has found its place."""
    subprocess.run(["sync", "-f", str(mount)], check=True)
    found = os.statvfs(mount)
    return (found.f_blocks - found.f_bfree) * found.f_frsize


def free(disk: Path) -> int:
    """Return the bytes that are free, once all that was written has found its place."""
    os.sync()
    return shutil.disk_usage(disk).free


def fill(disk: Path, *, leaving: int) -> Path:
    """Take all the room there is but for so many bytes; deleting the file gives it back."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, free(disk) - leaving)
    return ballast
