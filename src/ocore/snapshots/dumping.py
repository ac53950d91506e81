"""Dumps: a database in a directory, taken beside whoever works in it."""

import asyncio
import hashlib
from pathlib import Path

import msgspec

from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.postgres import PostgresServer

_MANIFEST = "manifest.json"
_JOBS = "2"


async def dump(server: PostgresServer, database: str, folder: Path) -> None:
    """Write the dump and, last, its manifest: a dump without one is not whole."""
    await _run(server, dump_command(server, database, folder / "dump"))
    await _run(server, list_command(server, folder / "dump"))
    await asyncio.to_thread(_write_manifest, folder)


async def restore(server: PostgresServer, folder: Path, database: str, *, owner: str) -> None:
    """Fill an empty database from a dump, after proving that no byte of it has changed."""
    await asyncio.to_thread(_check, folder)
    await _run(server, restore_command(server, folder / "dump", database, owner=owner))


def is_whole(folder: Path) -> bool:
    """Say whether the dump was ever finished."""
    return (folder / _MANIFEST).exists()


def dump_command(server: PostgresServer, database: str, folder: Path) -> list[str]:
    options = ["--format=directory", f"--jobs={_JOBS}", "--no-owner", "--compress=gzip:1"]
    return [_program(server, "pg_dump"), *_address(server), *options, f"--file={folder}", database]


def restore_command(
    server: PostgresServer, folder: Path, database: str, *, owner: str
) -> list[str]:
    options = [f"--jobs={_JOBS}", "--no-owner", f"--role={owner}", "--exit-on-error"]
    program = _program(server, "pg_restore")
    return [program, *_address(server), *options, f"--dbname={database}", str(folder)]


def list_command(server: PostgresServer, folder: Path) -> list[str]:
    return [_program(server, "pg_restore"), "--list", str(folder)]


def _address(server: PostgresServer) -> list[str]:
    return [f"--host={server.host}", f"--port={server.port}", f"--username={server.user}"]


def _program(server: PostgresServer, name: str) -> str:
    return str(Path(server.binaries) / name)


async def _run(server: PostgresServer, argv: list[str]) -> None:
    try:
        await shell.run(argv, env={"PGPASSWORD": server.password, "LANG": "C.UTF-8"})
    except shell.CommandFailed as failure:
        raise StepFailed(str(failure), exit_code=failure.code) from failure


def _write_manifest(folder: Path) -> None:
    sums = {path.name: _sha256(path) for path in sorted((folder / "dump").iterdir())}
    fresh = folder / f".{_MANIFEST}"
    fresh.write_bytes(msgspec.json.encode(sums))
    fresh.replace(folder / _MANIFEST)


def _check(folder: Path) -> None:
    if not is_whole(folder):
        raise StepFailed(f"the dump {folder} is gone or was never finished")
    sums = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=dict[str, str])
    for name, expected in sums.items():
        path = folder / "dump" / name
        if not path.exists():
            raise StepFailed(f"the dump is damaged: {path} is missing")
        if _sha256(path) != expected:
            raise StepFailed(f"the dump is damaged: {path} is not what was written")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
