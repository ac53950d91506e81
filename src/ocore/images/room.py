"""A disk that is full, told in words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ocore.errors import StepFailed
from ocore.odoo.failures import FailureCard, Where

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class DiskFull(StepFailed):
    """There is no room for an image: `folder` is on the disk that is full."""

    def __init__(self, folder: str, *, said: str) -> None:
        cause = f"the disk of {folder} is full"
        card = FailureCard(
            title="The disk of the images is full",
            cause=cause,
            where=Where(),
            excerpt=said[:1500],
            explanation="A build keeps its files there while it works; what it kept is gone again.",
            suggested_fix=(
                "Free space on that disk and deploy again. `ocore prune` removes Docker images"
                " that nothing needs, and `docker system df` says what the others take."
            ),
            retryable=True,
        )
        super().__init__(f"the image cannot be built: {cause}: {said}", card=card.as_json())


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Do something that writes below this folder; DiskFull when it cannot."""
    try:
        yield
    except OSError as failure:
        if failure.errno not in _FULL:
            raise
        raise DiskFull(str(folder), said=str(failure)) from failure
