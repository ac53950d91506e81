"""Which copy is meant, where somebody says no more than they must."""

from collections.abc import Sequence
from typing import Final

from ocore.errors import Impossible, NotFound
from ocore.snapshots.offsite import Copy, Offsite

LATEST: Final = "latest"


async def choose(offsite: Offsite, *, snapshot: str, instance: str | None) -> Copy:
    """Return a copy by its snapshot's id, or the latest of an instance.

    An instance goes by its id, slug or database; where the store knows one only, it is meant.
    """
    copies = await offsite.copies()
    if snapshot != LATEST:
        return _by_id(copies, snapshot)
    latest = {copy.instance_id: copy for copy in copies}
    names = {key: await _names(offsite, copy) for key, copy in latest.items()}
    found = [
        copy for key, copy in latest.items() if instance is None or instance in {key, *names[key]}
    ]
    known = ", ".join(f"{names[key][0]} ({key})" for key in latest) or "none"
    if not found:
        raise NotFound(
            f"no copy of {instance or 'anything'} is in the store. There are: {known}",
            code="copy_not_found",
        )
    if len(found) > 1:
        raise Impossible(
            f"say which instance: the store has copies of {known}", code="instance_needed"
        )
    return found[0]


def _by_id(copies: Sequence[Copy], snapshot: str) -> Copy:
    for copy in copies:
        if copy.snapshot_id == snapshot:
            return copy
    known = ", ".join(copy.snapshot_id for copy in copies[-5:]) or "none"
    raise NotFound(
        f"no copy of snapshot {snapshot} is in the store. The newest are: {known}",
        code="copy_not_found",
    )


async def _names(offsite: Offsite, copy: Copy) -> tuple[str, str]:
    instance = (await offsite.open(copy)).instance
    return instance.slug, instance.database
