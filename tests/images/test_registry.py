"""Images in a real registry: Debian's docker-registry."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import pytest

from ocore.artifacts import Image
from ocore.errors import StepFailed
from ocore.images.registry import Registry
from tests.images.yard import Yard

CONFIGURATION = """\
version: 0.1
log: {{level: warn}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@dataclass
class Shelf:
    """One `docker-registry serve`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        file = self.folder / "registry.yml"
        file.write_text(CONFIGURATION.format(root=self.folder / "registry", port=self.port))
        with (self.folder / "registry.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", str(file)], stdout=log, stderr=log
            )
        async with asyncio.timeout(30), aiohttp.ClientSession() as http:
            while not await self._answers(http):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    async def _answers(self, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"http://{self.address}/v2/") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


@pytest.fixture(scope="module")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shelf]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        made = Shelf(tmp_path_factory.mktemp("registry"), probe.getsockname()[1])
    await made.start()
    yield made
    made.stop()


@pytest.fixture
def stocked(yard: Yard, shelf: Shelf, tmp_path: Path) -> Yard:
    yard.registry = Registry(engine=yard.engine, address=shelf.address, records=tmp_path / "pushed")
    return yard


async def pushed(yard: Yard, sha: str) -> tuple[Image, str]:
    image = await yard.images.build(yard.order(sha=sha), say=yard.said.append)
    return image, await yard.images.push(image, say=yard.said.append)


async def forget(yard: Yard, *names: str) -> None:
    async with yard.engine.connected() as docker:
        for name in names:
            await docker.images.delete(name, force=True, noprune=True)


async def test_an_image_that_is_gone_here_comes_back_from_the_registry(
    stocked: Yard, shelf: Shelf
) -> None:
    image, reference = await pushed(stocked, "1" * 40)
    assert image.registry == shelf.address
    assert image.tag.startswith(f"{shelf.address}/{stocked.project}:")
    assert reference.startswith(f"{shelf.address}/{stocked.project}@sha256:")
    before = (await stocked.inspect(image.tag))["Id"]
    await forget(stocked, image.tag)
    assert await stocked.images.find(image.tag) == replace(image, reused=True)
    assert (await stocked.inspect(image.tag))["Id"] == before


async def test_a_push_may_be_repeated(stocked: Yard) -> None:
    image, reference = await pushed(stocked, "2" * 40)
    assert await stocked.images.push(image, say=print) == reference


async def test_a_tag_that_somebody_overwrote_is_not_believed(stocked: Yard) -> None:
    ours, _ = await pushed(stocked, "3" * 40)
    other, _ = await pushed(stocked, "4" * 40)
    before = (await stocked.inspect(ours.tag))["Id"]
    repository, _, version = ours.tag.rpartition(":")
    async with stocked.engine.connected() as docker:
        await docker.images.tag(other.tag, repository, tag=version)
        await docker.images.push(repository, tag=version)
    await forget(stocked, before, (await stocked.inspect(other.tag))["Id"])
    assert await stocked.images.find(ours.tag) is not None
    assert (await stocked.inspect(ours.tag))["Id"] == before


async def test_a_registry_that_is_down_is_named(stocked: Yard, shelf: Shelf) -> None:
    image, _ = await pushed(stocked, "5" * 40)
    shelf.stop()
    with pytest.raises(StepFailed, match=f"the registry {shelf.address} did not take {image.tag}"):
        await stocked.images.push(image, say=print)
    await forget(stocked, image.tag)
    with pytest.raises(StepFailed, match=f"the registry {shelf.address} does not give it"):
        await stocked.images.find(image.tag)
    await shelf.start()
    assert await stocked.images.find(image.tag) is not None


async def test_an_image_that_was_never_pushed_is_just_gone(stocked: Yard, shelf: Shelf) -> None:
    assert await stocked.images.find(f"{shelf.address}/{stocked.project}:never") is None
