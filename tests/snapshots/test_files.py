"""The filestore in a snapshot: what Odoo does to its own files does not reach it."""

import hashlib
from pathlib import Path

import pytest

from ocore.databases.postgres import PostgresDatabases
from ocore.embedded.home import Home
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.kit import ids
from ocore.kit.postgres import PostgresServer
from ocore.snapshots.files import Reference, changed_files, lost, read_list, sizes_of
from ocore.snapshots.postgres import PostgresSnapshots
from ocore.snapshots.shelf import PostgresShelf
from tests.databases.odoo_like import BASE, filestore, instance, query


@pytest.fixture
def snapshots(home: Home, postgres_server: PostgresServer) -> PostgresSnapshots:
    return PostgresSnapshots(postgres_server, home, None)


@pytest.fixture
async def acme(databases: PostgresDatabases) -> Instance:
    made = instance(f"files_{ids.uuid7()[-8:]}")
    await databases.create(made, base=BASE)
    return made


def attach(tree: Path, content: bytes) -> str:
    """Keep a file as Odoo does and return its name."""
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    path = tree / digest[:2] / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return f"{digest[:2]}/{digest}"


def collect_garbage(tree: Path) -> None:
    """Do what `ir.attachment._gc_file_store` does: unlink each file that the checklist names."""
    for mark in sorted((tree / "checklist").rglob("*")):
        if mark.is_file():
            (tree / mark.relative_to(tree / "checklist")).unlink()
            mark.unlink()


async def test_odoos_garbage_collection_reaches_no_snapshot(
    snapshots: PostgresSnapshots, acme: Instance, home: Home
) -> None:
    tree = filestore(home, acme.database)
    name = attach(tree, b"a signed contract")
    mark = tree / "checklist" / name
    mark.parent.mkdir(parents=True)
    mark.touch()
    taken = await snapshots.take(acme, ids.uuid7())
    collect_garbage(tree)
    assert not (tree / name).exists()
    await snapshots.revert(acme, await snapshots.copy(acme, taken, ids.uuid7()))
    assert (tree / name).read_bytes() == b"a signed contract"


@pytest.mark.parametrize("online", [False, True], ids=["in the window", "dump"])
@pytest.mark.parametrize("damage", ["missing", "cut short"])
async def test_a_damaged_file_of_a_snapshot_is_named_before_anything_is_restored(
    snapshots: PostgresSnapshots, acme: Instance, home: Home, damage: str, online: bool
) -> None:
    tree = filestore(home, acme.database)
    name = attach(tree, b"a signed contract")
    take = snapshots.take_online if online else snapshots.take
    taken = await take(acme, ids.uuid7())
    victim = home.snapshots / taken.id / "filestore" / name
    victim.unlink()
    if damage == "cut short":
        victim.write_bytes(b"a signed")
    with pytest.raises(StepFailed, match=victim.name):
        await snapshots.copy(acme, taken, ids.uuid7())


async def test_what_the_filestore_has_lost_before_us_is_told_and_stops_nothing(
    snapshots: PostgresSnapshots, acme: Instance, postgres_server: PostgresServer, home: Home
) -> None:
    name = attach(filestore(home, acme.database), b"kept")
    await query(
        postgres_server,
        acme.database,
        "CREATE TABLE ir_attachment (store_fname text, file_size int)",
    )
    await query(
        postgres_server,
        acme.database,
        "INSERT INTO ir_attachment VALUES"
        f" ('{name}', 4), ('{name}', NULL), ('de/ad', 3), (NULL, 0)",
    )
    snapshot_id = ids.uuid7()
    shelf = PostgresShelf(postgres_server, home)
    assert await shelf.lost(acme) == ("de/ad",)
    assert await shelf.lost(instance("files_of_nobody")) == ()
    assert await snapshots.ready(acme, snapshot_id) == ("de/ad",)
    taken = await snapshots.take(acme, snapshot_id)
    assert taken.verified


async def test_what_came_between_getting_ready_and_taking_is_in_the_snapshot(
    snapshots: PostgresSnapshots, acme: Instance, home: Home
) -> None:
    tree, snapshot_id = filestore(home, acme.database), ids.uuid7()
    await snapshots.ready(acme, snapshot_id)
    name = attach(tree, b"in the last second")
    taken = await snapshots.take(acme, snapshot_id)
    listed = read_list(home.snapshots / snapshot_id)
    assert listed is not None
    assert name in listed
    assert taken.files == len(listed)


async def test_a_file_that_no_longer_is_what_its_name_says_is_found(tmp_path: Path) -> None:
    good, bad = attach(tmp_path, b"good"), attach(tmp_path, b"bad")
    (tmp_path / bad).write_bytes(b"b4d")
    (tmp_path / "checklist").mkdir()
    (tmp_path / "checklist" / "x").touch()
    assert await changed_files(tmp_path) == (bad,)
    assert set(sizes_of(tmp_path)) == {good, bad}


def test_a_reference_is_lost_when_the_file_is_not_there_or_has_another_size() -> None:
    kept = (Reference(name="a", size=1), Reference(name="b", size=None))
    gone = (Reference(name="c", size=1), Reference(name="d", size=2))
    assert lost((*kept, *gone), {"a": 1, "b": 9, "d": 1}) == ("c", "d")
