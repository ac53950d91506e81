"""Copies off-site, on a real S3 server and a real PostgreSQL."""

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pyrage
import pytest

from ocore.errors import StepFailed
from ocore.kit import ids
from ocore.snapshots.offsite import Manifest, Sent
from ocore.snapshots.offsite.key import OffsiteKey, new_key
from ocore.snapshots.offsite.layout import PIECE_BYTES
from ocore.snapshots.offsite.s3 import S3Offsite
from tests.s3 import SECRET
from tests.snapshots.offsite.conftest import Depot


def add_file(depot: Depot, content: bytes) -> str:
    name = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    folder = depot.filestore / name[:2]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return f"{name[:2]}/{name}"


def tree_of(folder: Path) -> dict[str, bytes]:
    return {
        str(each.relative_to(folder)): each.read_bytes()
        for each in folder.rglob("*")
        if each.is_file()
    }


async def test_a_copy_comes_back_as_it_was_and_only_what_is_new_is_ever_sent(
    depot: Depot, tmp_path: Path
) -> None:
    large = os.urandom(PIECE_BYTES + 1000)
    add_file(depot, large)
    await depot.run("CREATE TABLE stays AS SELECT generate_series(1, 20000) AS id")
    record = await depot.taken()
    first = await depot.offsite.send(record, depot.acme)
    assert first.objects == len(depot.pieces())
    (copy,) = await depot.offsite.copies()
    assert (copy.snapshot_id, copy.instance_id) == (record.id, depot.acme.id)
    manifest = await depot.offsite.fetch(copy, tmp_path / "back")
    assert manifest.snapshot == record.snapshot
    assert manifest.instance == depot.acme
    kept = tree_of(depot.home.snapshots / record.id)
    # What this server has counted means nothing on another.
    del kept["counters.json"]
    assert tree_of(tmp_path / "back") == kept

    # The same again: not one byte, although every name of the copy is checked.
    assert await depot.offsite.send(record, depot.acme) == Sent(
        objects=0, sent_bytes=0, parts=first.parts
    )
    add_file(depot, b"a new attachment")
    await depot.run("INSERT INTO library_loan (borrower) VALUES ('Joan')")
    again = await depot.taken()
    before = depot.pieces()
    second = await depot.offsite.send(again, depot.acme)
    # The new attachment, the rows that changed, and what lists contents; never the large file.
    new = depot.pieces() - before
    was = {part.sha256 for part in manifest.parts}
    changed = {part for part in (await opened(depot, again.id)).parts if part.sha256 not in was}
    assert second.objects == len(new) == len(changed)
    assert sum(part.size for part in changed) < len(large) // 20
    assert sum(part.path.startswith("filestore/") for part in changed) == 1


def largest(depot: Depot) -> str:
    """Return the largest piece: that of the one file a test has added."""
    objects = depot.objects()
    return max(depot.pieces(), key=lambda name: objects[name].stat().st_size)


async def opened(depot: Depot, snapshot_id: str) -> Manifest:
    copies = await depot.offsite.copies()
    return await depot.offsite.open(
        next(each for each in copies if each.snapshot_id == snapshot_id)
    )


async def test_nobody_without_the_key_learns_what_is_stored(depot: Depot) -> None:
    secret = b"a contract nobody may read" * 100
    name = add_file(depot, secret)
    record = await depot.taken()
    await depot.offsite.send(record, depot.acme)
    for stored, file in depot.objects().items():
        assert secret[:26] not in file.read_bytes()
        assert hashlib.sha256(secret).hexdigest() not in stored
        assert Path(name).name not in stored
    # Anybody who has it can read it with any implementation of age.
    manifest = next(each for each in depot.objects() if "/snapshots/" in each)
    identity = pyrage.x25519.Identity.from_str(depot.key)
    plain = pyrage.decrypt(depot.objects()[manifest].read_bytes(), [identity])
    assert msgspec.json.decode(plain[32:])["instance"]["database"] == depot.acme.database


async def test_a_sending_that_was_killed_goes_on_where_it_was(depot: Depot) -> None:
    for _ in range(40):
        add_file(depot, os.urandom(400_000))
    record = await depot.taken()
    (depot.home.run / "errand.json").write_bytes(
        msgspec.json.encode(
            {"record": record, "instance": depot.acme, "key": depot.key, "prefix": depot.prefix}
        )
    )
    program = [sys.executable, "-m", "tests.snapshots.offsite.sender", str(depot.home.root)]
    process = subprocess.Popen([*program, depot.s3.endpoint])
    deadline = time.monotonic() + 120
    while len(depot.pieces()) < 20:
        assert time.monotonic() < deadline
        assert process.poll() is None, "it ended before it could be killed: give it more to send"
        await asyncio.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait(30) == -signal.SIGKILL
    left = {name: file.stat().st_mtime_ns for name, file in depot.objects().items()}
    assert await depot.offsite.copies() == ()

    sent = await depot.offsite.send(record, depot.acme)
    assert len(await depot.offsite.copies()) == 1
    now = {name: file.stat().st_mtime_ns for name, file in depot.objects().items()}
    again = [name for name, written in left.items() if now.get(name) != written]
    # The store may still have been at work on the four that were on their way.
    assert len(again) <= 4
    assert abs(len(depot.pieces()) - len(left) - sent.objects) <= 4


async def test_what_a_killed_sending_left_damaged_is_sent_again(
    depot: Depot, tmp_path: Path
) -> None:
    add_file(depot, os.urandom(100_000))
    record = await depot.taken()
    await depot.offsite.send(record, depot.acme)
    objects = depot.objects()
    # As if it had died before the manifest, and the store had kept half of an object.
    bucket, victim = depot.s3.bucket(depot.prefix), largest(depot)
    await bucket.delete([name for name in objects if "/snapshots/" in name])
    await bucket.put(victim, objects[victim].read_bytes()[:-500])
    sent = await depot.offsite.send(record, depot.acme)
    assert sent.objects == 1
    (copy,) = await depot.offsite.copies()
    await depot.offsite.fetch(copy, tmp_path / "back")


async def test_damage_and_loss_in_the_store_are_named_with_the_file_they_are_of(
    depot: Depot, tmp_path: Path
) -> None:
    name = add_file(depot, os.urandom(50_000))
    record = await depot.taken()
    await depot.offsite.send(record, depot.acme)
    (copy,) = await depot.offsite.copies()
    bucket, victim = depot.s3.bucket(depot.prefix), largest(depot)
    whole = depot.objects()[victim].read_bytes()
    await bucket.put(victim, whole[:30_000] + bytes([whole[30_000] ^ 1]) + whole[30_001:])
    with pytest.raises(StepFailed, match=rf"filestore/{name} .*cannot be opened: it is damaged"):
        await depot.offsite.fetch(copy, tmp_path / "back")
    await bucket.delete([victim])
    with pytest.raises(StepFailed, match=rf"filestore/{name} is lost: .* is missing"):
        await depot.offsite.fetch(copy, tmp_path / "back")
    assert not (tmp_path / "back" / "filestore" / name).exists()
    # Sent again, it is whole again: what is missing is noticed although nothing has changed.
    assert (await depot.offsite.send(record, depot.acme)).objects == 1
    await depot.offsite.fetch(copy, tmp_path / "back")


async def test_another_key_and_a_manifest_of_somebody_else_are_refused(depot: Depot) -> None:
    record = await depot.taken()
    await depot.offsite.send(record, depot.acme)
    (copy,) = await depot.offsite.copies()
    bucket = depot.s3.bucket(depot.prefix)
    stranger = S3Offsite(bucket, OffsiteKey(new_key()), depot.home.snapshots)
    with pytest.raises(StepFailed, match="cannot be opened: the key does not fit"):
        await stranger.open(copy)
    # Whoever knows the public key can encrypt, too; what they write is not taken for ours.
    forged = pyrage.encrypt(b"0" * 32 + b"{}", [OffsiteKey(depot.key)._recipient])
    await bucket.put(copy.manifest, forged)
    with pytest.raises(StepFailed, match="was not written with this key"):
        await depot.offsite.open(copy)


async def test_removing_a_copy_leaves_what_others_are_made_of(depot: Depot, tmp_path: Path) -> None:
    add_file(depot, b"in both of them")
    old = await depot.taken()
    await depot.offsite.send(old, depot.acme)
    await depot.run("DELETE FROM library_loan")
    shutil.rmtree(depot.filestore)
    add_file(depot, b"in both of them")
    new = await depot.taken()
    await depot.offsite.send(new, depot.acme)
    both = depot.pieces()
    await depot.offsite.remove(depot.acme, [old.id])
    (left,) = await depot.offsite.copies()
    assert left.snapshot_id == new.id
    assert depot.pieces() < both
    await depot.offsite.fetch(left, tmp_path / "back")
    await depot.offsite.remove(depot.acme, [old.id, ids.uuid7()])
    await depot.offsite.remove(depot.acme, [new.id])
    assert depot.objects() == {}


async def test_a_snapshot_that_is_damaged_here_is_not_sent_as_a_whole_one(depot: Depot) -> None:
    record = await depot.taken()
    part = next((depot.home.snapshots / record.id / "dump").glob("*.dat.gz"))
    part.write_bytes(part.read_bytes() + b"x")
    with pytest.raises(StepFailed, match=rf"{part.name} is not what was kept"):
        await depot.offsite.send(record, depot.acme)
    assert await depot.offsite.copies() == ()


async def test_a_store_that_refuses_says_why_and_gives_no_secret_away(depot: Depot) -> None:
    bucket = depot.s3.bucket(depot.prefix, secret=f"not-{SECRET}")
    with pytest.raises(StepFailed) as refused:
        await bucket.put("anything", b"x")
    assert "403" in str(refused.value)
    assert "SignatureDoesNotMatch" in str(refused.value)
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(depot.s3.address(depot.prefix))
