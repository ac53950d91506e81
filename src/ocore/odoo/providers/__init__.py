"""Providers: where the Odoo that runs an instance comes from."""

from dataclasses import dataclass
from typing import Protocol

from ocore.artifacts import Say


@dataclass(frozen=True, slots=True, kw_only=True)
class OdooTree:
    """An Odoo on disk that never changes once it exists.

    `executable` is the script Python runs; `python_path` goes into PYTHONPATH; `requirements`
    are the PEP 508 lines that its Python needs; `content_hash` names exactly these files.
    """

    version: str
    content_hash: str
    executable: str
    python_path: str
    addons_paths: tuple[str, ...]
    requirements: tuple[str, ...]


class Provider(Protocol):
    """Brings Odoo of a series onto this machine."""

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        """Return the tree, fetched now or found, and whole. StepFailed with the reason."""
        ...
