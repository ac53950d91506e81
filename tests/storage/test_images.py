from dataclasses import replace

from ocore.artifacts import Image
from ocore.deployments.model import Status, Step
from ocore.deployments.products import Built
from ocore.storage.images import needed_images
from tests.deployments.journal import done
from tests.storage.records import Records, ending

LIVE = "acme/library:new"
BAD = Image(tag="acme/library:bad", base="19.0-x", reused=False)


async def test_an_image_is_needed_while_it_is_on_its_way_and_once_it_went_live(
    records: Records,
) -> None:
    assert await needed_images(records.pool) == frozenset()
    await records.succeed(await records.ask())
    assert await needed_images(records.pool) == {LIVE}

    await records.ask()
    ledger = records.ledger()
    lease = await ledger.claim("w")
    assert lease is not None
    built = done(await ledger.load(lease), Step.FETCH, Step.INSPECT, Step.BUILD)
    for line in built.journal:
        has_image = isinstance(line.artifact, Built)
        await ledger.append(lease, replace(line, artifact=Built(image=BAD)) if has_image else line)
    assert await needed_images(records.pool) == {LIVE, BAD.tag}
    await ledger.close(lease, ending(Status.FAILED))
    assert await needed_images(records.pool) == {LIVE}
