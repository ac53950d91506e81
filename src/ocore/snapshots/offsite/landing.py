"""A fetched copy becomes a database and a filestore of a platform that knows nothing of it."""

import asyncio
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ocore.embedded.home import Home
from ocore.errors import Conflict, StepFailed
from ocore.kit.databases import connected, database_exists, drop_database, ensure_role, run
from ocore.kit.postgres import PostgresServer
from ocore.kit.privileges import OsUser
from ocore.kit.threads import to_its_end
from ocore.kit.trees import link_tree, own_files
from ocore.snapshots.dumping import create_for, demand_rows, restore_for
from ocore.snapshots.files import demand_files, references, sizes_of
from ocore.snapshots.properties import give, reopen


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """Where it lands. The role of the database has `password`, and is made when it is missing."""

    server: PostgresServer
    home: Home
    odoo_user: OsUser | None
    database: str
    password: str

    async def demand_free(self) -> None:
        """Conflict when there is a database of this name: nothing is ever replaced."""
        async with connected(self.server) as connection:
            if await database_exists(connection, self.database):
                raise Conflict(
                    f"there is a database {self.database} already: choose another name with --as",
                    code="database_exists",
                )

    async def land(self, folder: Path) -> tuple[str, ...]:
        """Restore, compare, and only then give the database its name. The folder is used up.

        Return the files that the database refers to and that its instance had lost before.
        """
        await self.demand_free()
        fresh = f"{self.database}__new"
        await asyncio.to_thread(demand_files, folder.name, folder)
        async with connected(self.server) as connection:
            await ensure_role(connection, self.database, self.password)
            properties = await create_for(connection, folder, fresh, owner=self.database)
            try:
                await restore_for(self.server, folder, fresh, owner=self.database)
                await demand_rows(self.server, folder, fresh)
                files = await to_its_end(self._place_files, folder)
                missing = await self._missing(fresh, files)
                await give(connection, fresh, properties)
                await reopen(connection, fresh)
            except StepFailed:
                await drop_database(connection, fresh)
                raise
            # Last, so that a database of this name is a whole one.
            await run(connection, "ALTER DATABASE {} RENAME TO {}", fresh, self.database)
        await to_its_end(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors
        return missing

    def _place_files(self, folder: Path) -> Collection[str]:
        target = self.home.filestore(self.database)
        link_tree(folder / "filestore", target, self.odoo_user)
        own_files(target, self.odoo_user)
        return sizes_of(target)

    async def _missing(self, database: str, files: Collection[str]) -> tuple[str, ...]:
        async with connected(self.server, database) as connection:
            known = await references(connection)
        return tuple(each.name for each in known if each.name not in files)
