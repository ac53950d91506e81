"""Dumps: a database in a directory, taken beside whoever works in it.

Beside the dump lie the properties of the database and the list of its files; a manifest with the
SHA-256 of all of them is written last.
"""

import asyncio
import hashlib
import shutil
from pathlib import Path
from typing import Final

import msgspec

from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.databases import Connection, connected, drop_database
from ocore.kit.postgres import PostgresServer
from ocore.kit.threads import to_its_end
from ocore.snapshots.comparing import row_counts
from ocore.snapshots.files import LIST
from ocore.snapshots.properties import Properties, creation, given_to

_MANIFEST: Final = "manifest.json"
_PROPERTIES: Final = "database.json"
_COUNTS: Final = "rows.json"
_JOBS: Final = 2
"""How many tables at once where somebody waits for it."""


async def dump(server: PostgresServer, database: str, folder: Path, *, jobs: int = _JOBS) -> None:
    """Write the dump, and read it back to its end. It is not whole before it is sealed."""
    (folder / _MANIFEST).unlink(missing_ok=True)
    await to_its_end(shutil.rmtree, folder / "dump", True)  # noqa: FBT003 - ignore_errors
    async with connected(server, database) as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        exported = await (await connection.execute("SELECT pg_export_snapshot()")).fetchone()
        moment = str(exported[0]) if exported else ""
        # The dump sees the rows of this very moment, and so these are the numbers to prove it by.
        _write(folder / _COUNTS, msgspec.json.encode(await row_counts(connection)))
        argv = dump_command(server, database, folder / "dump", moment=moment, jobs=jobs)
        await _run(server, argv)
    await _run(server, read_command(server, folder / "dump"))


async def seal(folder: Path, properties: Properties) -> None:
    """Write down the properties, and the manifest that makes the dump a whole one."""
    _write(folder / _PROPERTIES, msgspec.json.encode(properties))
    beside = [folder / name for name in (_PROPERTIES, _COUNTS, LIST)]
    parts = [*sorted((folder / "dump").iterdir()), *beside]
    # One after the other, so that a cancel waits for no more than one.
    sums = {str(part.relative_to(folder)): await asyncio.to_thread(_sha256, part) for part in parts}
    _write(folder / _MANIFEST, msgspec.json.encode(sums))


async def check(folder: Path) -> None:
    """StepFailed names the first part of the dump that is missing or has changed."""
    if not is_whole(folder):
        raise StepFailed(f"the dump {folder} is gone or was never finished")
    for name, expected in _sums(folder).items():
        path = folder / name
        if not path.exists():
            raise StepFailed(f"the dump is damaged: {path} is missing")
        if await asyncio.to_thread(_sha256, path) != expected:
            raise StepFailed(f"the dump is damaged: {path} is not what was written")


async def create_for(
    connection: Connection, folder: Path, database: str, *, owner: str | None = None
) -> Properties:
    """Make an empty database for a dump that is whole, and return what it is to be given.

    It belongs to `owner`; by default to whom the dumped one belonged.
    """
    await check(folder)
    properties = msgspec.json.decode((folder / _PROPERTIES).read_bytes(), type=Properties)
    if owner is not None:
        properties = given_to(properties, owner)
    await drop_database(connection, database)
    await connection.execute(creation(database, properties))
    return properties


async def restore(
    server: PostgresServer, folder: Path, database: str, *, jobs: int = _JOBS
) -> None:
    """Fill an empty database from a dump; whose each thing is stands in the dump."""
    await _run(server, restore_command(server, folder / "dump", database, jobs=jobs))


async def restore_for(server: PostgresServer, folder: Path, database: str, *, owner: str) -> None:
    """Fill an empty database from a dump as somebody else's: all of it belongs to `owner`."""
    await _run(server, restore_for_command(server, folder / "dump", database, owner=owner))


async def prove(server: PostgresServer, folder: Path, scratch: str) -> None:
    """Restore a dump into an empty database and count. StepFailed names the table that differs.

    One table after the other: nobody waits for it.
    """
    await restore(server, folder, scratch, jobs=1)
    await demand_rows(server, folder, scratch)


async def demand_rows(server: PostgresServer, folder: Path, scratch: str) -> None:
    """StepFailed names the first table that has other rows than the dump was made of."""
    expected = msgspec.json.decode((folder / _COUNTS).read_bytes(), type=dict[str, int])
    async with connected(server, scratch) as connection:
        found = await row_counts(connection)
    for table in sorted(expected.keys() | found.keys()):
        was, now = expected.get(table), found.get(table)
        if was != now:
            raise StepFailed(f"restored, {table} has {now} rows instead of {was}")


def is_whole(folder: Path) -> bool:
    """Say whether the dump was ever finished."""
    return (folder / _MANIFEST).exists()


def rows_of_dump(folder: Path) -> dict[str, int] | None:
    """Return the rows of each table that was dumped; None when there is no whole dump."""
    if not is_whole(folder):
        return None
    return msgspec.json.decode((folder / _COUNTS).read_bytes(), type=dict[str, int])


def sums_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a whole dump, its manifest among them, by its path."""
    if not is_whole(folder):
        raise StepFailed(f"the dump {folder} is gone or was never finished")
    manifest = folder / _MANIFEST
    return {**_sums(folder), _MANIFEST: _sha256(manifest)}


def dump_command(
    server: PostgresServer, database: str, folder: Path, *, moment: str, jobs: int
) -> list[str]:
    options = [
        "--format=directory",
        f"--jobs={jobs}",
        "--compress=gzip:1",
        f"--snapshot={moment}",
    ]
    return [_program(server, "pg_dump"), *_address(server), *options, f"--file={folder}", database]


def restore_command(
    server: PostgresServer, folder: Path, database: str, *, jobs: int = _JOBS
) -> list[str]:
    options = [f"--jobs={jobs}", "--exit-on-error", f"--dbname={database}"]
    return [_program(server, "pg_restore"), *_address(server), *options, str(folder)]


def restore_for_command(
    server: PostgresServer, folder: Path, database: str, *, owner: str
) -> list[str]:
    program, *rest = restore_command(server, folder, database)
    return [program, "--no-owner", "--no-privileges", f"--role={owner}", *rest]


def read_command(server: PostgresServer, folder: Path) -> list[str]:
    """Return what reads every byte of a dump, as a restore would, and keeps none of it."""
    return [_program(server, "pg_restore"), "--file=/dev/null", str(folder)]


def _address(server: PostgresServer) -> list[str]:
    return [f"--host={server.host}", f"--port={server.port}", f"--username={server.user}"]


def _program(server: PostgresServer, name: str) -> str:
    return str(Path(server.binaries) / name)


async def _run(server: PostgresServer, argv: list[str]) -> None:
    try:
        await shell.run(argv, env={"PGPASSWORD": server.password, "LANG": "C.UTF-8"})
    except shell.CommandFailed as failure:
        raise StepFailed(str(failure), exit_code=failure.code) from failure


def _write(file: Path, content: bytes) -> None:
    fresh = file.with_name(f".{file.name}")
    fresh.write_bytes(content)
    fresh.replace(file)


def _sums(folder: Path) -> dict[str, str]:
    return msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=dict[str, str])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
