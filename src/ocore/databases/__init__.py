"""Databases: the PostgreSQL side of an instance, without its snapshots."""

from collections.abc import Sequence
from typing import Protocol

from ocore.environments import Instance
from ocore.odoo.addons import InstalledModule
from ocore.odoo.crons import Cron
from ocore.odoo.schema import Schema


class Databases(Protocol):
    """Creates databases and reads what Odoo says of itself in them. Every call may be repeated."""

    async def exists(self, instance: Instance) -> bool:
        """Say whether the instance has its database."""
        ...

    async def create(self, instance: Instance, *, base: str) -> None:
        """Give the instance a database of its own, cloned from a sealed base, with its filestore.

        The copy has a new `database.uuid` and `database.secret`. Nobody but its role may connect.
        Ask `has_base` first.
        """
        ...

    async def has_base(self, base: str) -> bool:
        """Say whether a sealed base database of this name is there."""
        ...

    async def create_base(self, base: str) -> Instance:
        """Return a throw-away instance with an empty database, to install `base` into."""
        ...

    async def seal_base(self, base: str) -> None:
        """Make what was installed since `create_base` the base of this name, for good."""
        ...

    async def modules(self, instance: Instance) -> tuple[InstalledModule, ...]:
        """Return what `ir_module_module` says; empty when there is no database."""
        ...

    async def schema(self, instance: Instance) -> Schema:
        """Return the shape of the database, as PostgreSQL and `ir_model_fields` tell it."""
        ...

    async def rows(self, instance: Instance, tables: Sequence[str]) -> dict[str, int]:
        """Return about how many rows each of these tables has; without those that are not there."""
        ...

    async def crons(self, instance: Instance) -> tuple[Cron, ...]:
        """Return the active scheduled actions that run code; empty when there is no database."""
        ...

    async def checksums(self, instance: Instance) -> dict[str, str]:
        """Return the modules' checksums of the last success (click-odoo-update's parameter)."""
        ...

    async def remember_checksums(self, instance: Instance, checksums: dict[str, str]) -> None:
        """Write down the checksums of what is installed now."""
        ...
