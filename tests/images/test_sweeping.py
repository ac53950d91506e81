"""Images that nobody needs are removed, and no other."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ocore.images.dockerfile import STAGE
from ocore.images.sweeping import SPARE, Sweep
from tests.images.yard import Yard
from tests.real_odoo import cache_folder

NOW = datetime(2026, 1, 2, 10, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=36500)


def sweep_of(yard: Yard, *needed: str, others: frozenset[str]) -> Sweep:
    async def asked() -> frozenset[str]:
        return frozenset(needed) | others

    return Sweep(engine=yard.engine, cache=cache_folder(), needed=asked)


async def tags(yard: Yard) -> frozenset[str]:
    """Return the tags of projects on the daemon, of other tests too."""
    async with yard.engine.connected() as docker:
        images = await docker.images.list(filters={"label": ["ocore.project"]})
    return frozenset(tag for image in images for tag in image["RepoTags"] or ())


async def test_what_is_needed_stays_and_the_rest_goes(yard: Yard) -> None:
    others = await tags(yard)
    live = await yard.build(yard.order(sha="1" * 40))
    failed = await yard.build(yard.order(sha="2" * 40))
    assert await sweep_of(yard, live, others=others).sweep(now=LATER) == (failed,)
    assert await tags(yard) == others | {live}
    assert await yard.images.find(live) is not None


async def test_an_image_that_was_wanted_lately_stays(yard: Yard) -> None:
    others = await tags(yard)
    tag = await yard.build(yard.order())
    sweep = sweep_of(yard, others=others)
    made = await tagged(yard, tag)
    assert await sweep.sweep(now=made + SPARE - timedelta(seconds=1)) == ()
    await asyncio.sleep(1.1)
    await yard.build(yard.order())
    assert await tagged(yard, tag) > made, "being found for a build counts as being wanted"
    assert await sweep.sweep(now=made + SPARE) == ()
    assert await sweep.sweep(now=LATER) == (tag,)


async def test_an_image_that_a_container_has_stays(yard: Yard) -> None:
    others = await tags(yard)
    tag = await yard.build(yard.order())
    async with yard.engine.connected() as docker:
        container = await docker.containers.create({"Image": tag, "Cmd": ["true"]})
        assert await sweep_of(yard, others=others).sweep(now=LATER) == ()
        await container.delete(force=True)
    assert await sweep_of(yard, others=others).sweep(now=LATER) == (tag,)


async def tagged(yard: Yard, tag: str) -> datetime:
    text = (await yard.inspect(tag))["Metadata"]["LastTagTime"]
    return datetime.fromisoformat(f"{text[:19]}+00:00")


async def test_what_a_build_left_goes_with_the_last_image_that_could_use_it(yard: Yard) -> None:
    others = await tags(yard)
    first = await yard.build(yard.order("polib==1.2.0", sha="3" * 40))
    second = await yard.build(yard.order("polib==1.2.0", sha="4" * 40))
    packages = (await yard.inspect(first))["Config"]["Labels"][STAGE]
    assert len(await stages(yard, packages)) == 1
    assert await sweep_of(yard, second, others=others).sweep(now=LATER) == (first,)
    assert len(await stages(yard, packages)) == 1
    assert await sweep_of(yard, others=others).sweep(now=LATER) == (second,)
    assert await stages(yard, packages) == []


async def test_what_an_own_dockerfile_kept_goes_once_it_was_not_used_for_long(yard: Yard) -> None:
    others = await tags(yard)
    base = (await yard.images.debian.provide(yard.order(), say=print)).reference
    # BuildKit gives a cache to all builds that mount one at the same path.
    run = f"RUN --mount=type=cache,target=/kept/{yard.project} touch /kept/{yard.project}/made"
    text = f"FROM {base}\nENV PYTHONPATH=/opt/odoo\n{run}\n"
    tag = await yard.build(yard.order(sha="5" * 40, Dockerfile=text))
    sweep = sweep_of(yard, tag, others=others)
    await sweep.sweep(now=LATER)
    assert await kept(yard) != []
    # Docker goes by its own clock.
    await replace(sweep, spare=timedelta()).sweep(now=LATER)
    assert await kept(yard) == []


async def kept(yard: Yard) -> list[Any]:
    """Return what BuildKit keeps beside images for the builds of this project."""
    async with yard.engine.connected() as docker:
        used = await docker.session.get(f"{docker.docker_host}/{docker.api_version}/system/df")
        caches = (await used.json())["BuildCache"] or []
    mounts = [each for each in caches if each["Type"] == "exec.cachemount"]
    return [each for each in mounts if yard.project in each["Description"]]


async def stages(yard: Yard, packages: str) -> list[str]:
    async with yard.engine.connected() as docker:
        filters = {"dangling": ["true"], "label": [f"{STAGE}={packages}"]}
        return [image["Id"] for image in await docker.images.list(filters=filters)]
