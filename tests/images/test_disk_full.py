"""A disk that is full during a build: it is named, nothing is left on it, and room is enough."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiodocker import Docker

from ocore.errors import StepFailed
from ocore.images.context import new_context
from tests.disks import MIB, fill, free, mounted
from tests.docker import carry, daemon_on, need_docker
from tests.images.test_releases import SMALL, Workshop
from tests.images.yard import Yard


@pytest.fixture
async def small(yard: Yard) -> AsyncIterator[tuple[Yard, Path]]:
    """A yard whose daemon has a small disk, with the images of Odoo and of uv already on it."""
    base = await yard.images.debian.provide(yard.order(), say=yard.said.append)
    installer = await yard.images._installer(say=yard.said.append)
    with mounted("xfs", 1536 * MIB) as disk:
        async with daemon_on(disk / "data") as daemon:
            await carry(yard.engine, daemon.engine, base.reference, installer)
            yard.engine = daemon.engine
            yield yard, disk


async def nameless(docker: Docker) -> list[Any]:
    return list(await docker.images.list(filters={"dangling": ["true"]}))


async def test_a_build_on_a_full_disk_names_it_and_leaves_it_as_it_was(
    small: tuple[Yard, Path],
) -> None:
    yard, disk = small
    ballast = fill(disk, leaving=300 * MIB)
    before = free(disk)
    order = yard.order(SMALL, **{"oca/loans/large__bin": "x" * 140 * MIB})
    with pytest.raises(StepFailed, match=f"the disk of {disk}/data is full") as failed:
        await yard.build(order)
    assert failed.value.card is not None
    assert failed.value.card["title"] == "The disk of the images is full"
    assert "ocore prune" in failed.value.card["suggestedFix"]
    assert any("COPY modules" in line for line in yard.said), yard.said
    async with yard.engine.connected() as docker:
        assert await nameless(docker) == []
        assert await docker.containers.list(all=1) == []
        assert await docker.images.list(filters={"reference": [yard.project]}) == []
    assert abs(free(disk) - before) < 8 * MIB
    ballast.unlink()
    assert await yard.output(await yard.build(order), "ls", "/opt/modules/loans/large.bin")


def test_what_is_sent_to_the_daemon_may_fill_a_disk_too() -> None:
    need_docker()
    with mounted("xfs", 320 * MIB) as disk:
        folder = disk / "cache" / "docker"
        fill(disk, leaving=8 * MIB)
        with (
            pytest.raises(StepFailed, match=f"the disk of {folder} is full"),
            new_context(folder) as context,
        ):
            context.add_text("large", "x" * 16 * MIB)
        assert list(folder.iterdir()) == []
        assert free(disk) > 7 * MIB
        with new_context(folder) as context:
            context.add_text("small", "x")


async def test_a_release_on_a_full_disk_names_it_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    need_docker()
    module = tmp_path / "oca" / "loans"
    module.mkdir(parents=True)
    (module / "__manifest__.py").write_text("{}")
    (module / "large.bin").write_bytes(b"x" * 24 * MIB)
    with mounted("xfs", 480 * MIB) as disk:
        workshop = Workshop(disk)
        order = replace(workshop.order(), checkout=str(tmp_path))
        ballast = fill(disk, leaving=8 * MIB)
        with pytest.raises(StepFailed, match=f"the disk of {disk}/cache is full"):
            await workshop.images.build(order, say=workshop.said.append)
        assert left_in(disk / "cache") == []
        ballast.unlink()
        await workshop.images.venvs.make((), say=workshop.said.append)
        ballast = fill(disk, leaving=8 * MIB)
        with pytest.raises(StepFailed, match=f"the disk of {disk}/releases is full"):
            await workshop.images.build(order, say=workshop.said.append)
        assert left_in(disk / "releases") == []
        ballast.unlink()
        assert not (await workshop.images.build(order, say=workshop.said.append)).reused


def left_in(folder: Path) -> list[Path]:
    """Return what somebody began to write there; locks are always there."""
    written = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return [path for path in written if path.stat().st_size]
