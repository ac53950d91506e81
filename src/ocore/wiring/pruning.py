"""`ocore prune`: free the disk of images that nobody needs."""

from datetime import timedelta
from functools import partial

import structlog

from ocore.embedded.settings import PROCESS, Settings
from ocore.embedded.users import platform_users
from ocore.errors import Impossible
from ocore.images.sweeping import Sweep
from ocore.kit import clock
from ocore.storage.database import open_pool
from ocore.storage.images import needed_images
from ocore.wiring.connections import platform_conninfo
from ocore.wiring.runtimes import engine_of

log = structlog.get_logger(__name__)


async def prune(settings: Settings, *, spare: timedelta) -> None:
    """Remove images that serve nothing and that no rollback may name."""
    if settings.runtime == PROCESS:
        raise Impossible("OCORE_RUNTIME=process has no images to prune", code="no_images")
    conninfo = platform_conninfo(settings, await platform_users())
    async with open_pool(conninfo) as pool:
        sweep = Sweep(
            engine=engine_of(settings),
            cache=settings.home.cache,
            needed=partial(needed_images, pool),
            spare=spare,
        )
        removed = await sweep.sweep(now=clock.now())
    for tag in removed:
        log.info("image removed", tag=tag)
    log.info("pruned", removed=len(removed))
