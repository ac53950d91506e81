"""Images in a real registry: Debian's docker-registry."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ocore.artifacts import Image
from ocore.attestations import Subject
from ocore.errors import StepFailed
from ocore.images.registry import Registry
from ocore.kit.docker import DockerEngine
from ocore.odoo.failures import explain_tool
from tests.docker import Daemon
from tests.images.papers import read_papers
from tests.images.yard import Yard
from tests.registry import PASSWORD, USER, Shelf, registry_in


@pytest.fixture(scope="module")
async def shelf(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shelf]:
    async with registry_in(tmp_path_factory.mktemp("registry")) as made:
        yield made


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


async def test_the_papers_of_an_image_know_it_by_what_its_registry_calls_it(stocked: Yard) -> None:
    image, reference = await pushed(stocked, "9" * 40)
    before = read_papers(stocked.folder, image)
    await stocked.images.push(image, say=print)
    assert read_papers(stocked.folder, image) == before
    name, _, digest = reference.partition("@sha256:")
    for statement in before[1:]:
        own, pushed_as = statement.subjects
        assert own.name == image.tag
        assert pushed_as == Subject(name=name, digest={"sha256": digest})


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


@pytest.fixture
async def closed(yard: Yard, tmp_path: Path) -> AsyncIterator[Registry]:
    """A registry that wants a password, and what is known of it."""
    folder = tmp_path / "closed"
    folder.mkdir()
    async with registry_in(folder, closed=True) as shelf:
        yield Registry(
            engine=yard.engine,
            address=shelf.address,
            records=tmp_path / "pushed",
            username=USER,
            password=PASSWORD,
        )


async def test_a_password_opens_the_registry_and_is_seen_nowhere(
    yard: Yard, closed: Registry, daemon: Daemon
) -> None:
    odoo = f"{closed.address}/ours/odoo:19.0"
    await shelve_odoo(yard, closed, odoo)
    yard.registry = closed
    order = replace(yard.order(sha="6" * 40), provider="image", source=odoo)
    image = await yard.images.build(order, say=yard.said.append)
    await yard.images.push(image, say=yard.said.append)
    await forget(yard, image.tag)
    assert await yard.images.find(image.tag) == replace(image, reused=True)
    await forget(yard, odoo)
    text = f"# Ours\nFROM {odoo} AS odoo\nRUN touch /made\n"
    order = yard.order(sha="7" * 40, Dockerfile=text)
    assert await yard.output(await yard.build(order), "ls", "/made") == "/made\n"
    assert not any("No registry has" in line for line in yard.said)
    async with yard.engine.connected() as docker:
        seen = [
            await docker.images.inspect(image.tag),
            await docker.images.history(image.tag),
            await docker.system.info(),
            [await each.show() for each in await docker.containers.list(all=1)],
        ]
    written = [path.read_text() for path in yard.folder.rglob("pushed/*")]
    told = json.dumps(
        [*seen, *yard.said, *written, (daemon.root / "log").read_text(), repr(closed)]
    )
    assert "hunter2" not in told


@pytest.mark.parametrize(
    "login",
    [{"password": "wrong"}, {"username": None, "password": None}],
    ids=["wrong", "none"],
)
async def test_a_registry_that_wants_another_password_says_so_in_a_card(
    yard: Yard, closed: Registry, login: dict[str, str | None]
) -> None:
    yard.registry = replace(closed, **login)
    with pytest.raises(StepFailed, match=f"{closed.address} did not take") as refused:
        await pushed(yard, "7" * 40)
    card = explain_tool([*yard.said, str(refused.value)], otherwise="?")
    assert card.title == "The registry wants other credentials"
    assert "OCORE_REGISTRY_PASSWORD" in card.suggested_fix


async def shelve_odoo(yard: Yard, registry: Registry, tag: str) -> None:
    """Put an image of Odoo into the registry, and forget it here."""
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    text = f"FROM {base}\nENV PYTHONPATH=/opt/odoo\n"
    own = await yard.images.foreign.build(yard.order(sha="8" * 40, Dockerfile=text), say=print)
    repository, _, version = tag.rpartition(":")
    async with yard.engine.connected() as docker:
        await docker.images.tag(own.reference, repository, tag=version)
    await registry.push(tag, say=print)
    await forget(yard, tag)


def test_a_password_is_for_no_other_registry(tmp_path: Path) -> None:
    engine = DockerEngine("unix:///nowhere")
    registry = Registry(
        engine=engine, address="r.example", records=tmp_path, username=USER, password=PASSWORD
    )
    assert registry.login_for("r.example/odoo:19.0") == {"username": USER, "password": PASSWORD}
    assert registry.login_for("r.example.org/odoo:19.0") is None
    assert registry.login_for("odoo:19.0") is None
