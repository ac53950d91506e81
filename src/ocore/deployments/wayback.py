"""What it takes to go back behind a deployment, known before anybody needs it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ocore.deployments.model import Deployment
from ocore.deployments.products import Inspected, Snapped, Updated
from ocore.odoo.schema import SchemaChange


class RollbackClass(StrEnum):
    """From the lightest to the gravest; the order matters."""

    CODE_ONLY_SAFE = "code_only_safe"
    NEEDS_DATA_RESTORE = "needs_data_restore"
    IRREVERSIBLE = "irreversible"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """The class, and why it is not a lighter one."""

    cls: RollbackClass
    reasons: tuple[str, ...] = ()


_ORDER: Final = tuple(RollbackClass)
_MOST_NAMES: Final = 5


def way_back(deployment: Deployment) -> WayBack:
    """Return what going back behind this deployment takes.

    The earlier code can do with the data as it is only where the update left the shape of the
    database alone: Odoo keeps views in it, and a view that names a field which the code lacks is
    an error on the screen.
    """
    reasons = tuple(_reasons(deployment))
    if not reasons:
        return WayBack(cls=RollbackClass.CODE_ONLY_SAFE)
    if deployment.find(Snapped) is None:
        gone = "and there is no snapshot from before it"
        return WayBack(cls=RollbackClass.IRREVERSIBLE, reasons=(*reasons, gone))
    return WayBack(cls=RollbackClass.NEEDS_DATA_RESTORE, reasons=reasons)


def gravest(ways: Sequence[WayBack]) -> WayBack:
    """Return what going back behind several deployments takes, with all their reasons."""
    cls = max((way.cls for way in ways), key=_ORDER.index, default=RollbackClass.CODE_ONLY_SAFE)
    reasons = tuple(dict.fromkeys(reason for way in ways for reason in way.reasons))
    return WayBack(cls=cls, reasons=reasons)


def _reasons(deployment: Deployment) -> Iterable[str]:
    if not deployment.replaces_data:
        return
    if deployment.target is not None:
        yield "it restored data itself"
        return
    updated, inspected = deployment.find(Updated), deployment.find(Inspected)
    if inspected is not None and inspected.install:
        yield f"it installed {_names([module.name for module in inspected.install])}"
    if inspected is not None and inspected.scripts:
        yield f"it ran {_names(inspected.scripts)}"
    if updated is None or updated.change is None:
        yield "what its update did to the database was not recorded"
        return
    yield from _of_change(updated.change)


def _of_change(change: SchemaChange) -> Iterable[str]:
    kinds = {
        "removed columns": change.columns_removed,
        "changed columns": change.columns_changed,
        "added columns": change.columns_added,
        "removed fields": change.fields_removed,
        "changed fields": change.fields_changed,
        "added fields": change.fields_added,
    }
    for kind, names in kinds.items():
        if names:
            yield f"it {kind}: {_names(names)}"
    if change.views_changed:
        yield "it changed views"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
