"""Compares two databases of one instance: is a copy whole, and what has changed since?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import sql

from ocore.kit.databases import Connection

BOOKKEEPING: Final = (
    "base_cache_signaling",
    "base_registry_signaling",
    "bus_bus",
    "bus_presence",
    "ir_cron_progress",
    "ir_cron_trigger",
    "ir_logging",
    "res_users_log",
)
"""Tables Odoo writes by itself; with `orm_signaling_*` nobody misses a row of them."""

_DATED: Final = sql.SQL(
    "SELECT {name}, count(*), count(*) FILTER (WHERE create_date > {moment}),"
    " count(*) FILTER (WHERE write_date > {moment} AND create_date IS NOT NULL"
    " AND create_date <= {moment}) FROM public.{table}"
)
_UNDATED: Final = sql.SQL("SELECT {name}, count(*), NULL::bigint, NULL::bigint FROM public.{table}")
_LARGEST_BYTES: Final = 1024**3
"""A larger table is not counted row by row."""


async def fingerprint(connection: Connection) -> tuple[int, int, str | None]:
    """Return what a whole copy has in common with its original.

    The number of tables, of their columns, and a digest of `ir_module_module`.
    """
    found = await connection.execute(
        # The catalogue itself: information_schema says the same in ten times the time, and the
        # instance is not serving meanwhile.
        "SELECT count(DISTINCT attrelid), count(*) FROM pg_attribute"
        " JOIN pg_class ON pg_class.oid = attrelid"
        " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')"
        " AND attnum > 0 AND NOT attisdropped"
    )
    tables, columns = await found.fetchone() or (0, 0)
    present = await connection.execute("SELECT to_regclass('public.ir_module_module')")
    if (await present.fetchone() or (None,))[0] is None:
        return tables, columns, None
    digest = await connection.execute(
        "SELECT md5(string_agg(name || state || coalesce(latest_version, ''), ',' ORDER BY name))"
        " FROM ir_module_module"
    )
    return tables, columns, (await digest.fetchone() or (None,))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a table, and those that were made or changed since a moment.

    The latter are None where the table does not say when its rows were made.
    """

    count: int
    inserted: int | None = None
    updated: int | None = None


async def row_counts(connection: Connection) -> dict[str, int]:
    """Return the exact number of rows of each table that people write, by name."""
    names = [name for name, _ in await _written_tables(connection)]
    queries = [
        sql.SQL("SELECT {}, count(*) FROM public.{}").format(
            sql.Literal(name), sql.Identifier(name)
        )
        for name in names
    ]
    return dict(await _all_of(connection, queries))


async def rows_since(connection: Connection, moment: datetime | None) -> dict[str, Rows]:
    """Return the same, with what was made and changed after a moment (UTC, as Odoo writes it)."""
    tables = await _written_tables(connection)
    queries = [
        (_DATED if dated and moment else _UNDATED).format(
            name=sql.Literal(name), table=sql.Identifier(name), moment=sql.Literal(moment)
        )
        for name, dated in tables
    ]
    return {
        name: Rows(count=count, inserted=inserted, updated=updated)
        for name, count, inserted, updated in await _all_of(connection, queries)
    }


async def _written_tables(connection: Connection) -> list[tuple[str, bool]]:
    """Return the tables to count, and whether each says when its rows were made and changed."""
    found = await connection.execute(
        "SELECT relname, (SELECT count(*) = 2 FROM pg_attribute WHERE attrelid = c.oid"
        " AND attname IN ('create_date', 'write_date') AND atttypid = 'timestamp'::regtype)"
        " FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> ALL(%s) AND relname NOT LIKE 'orm\\_signaling\\_%%'"
        " AND pg_relation_size(oid) < %s ORDER BY relname",
        [list(BOOKKEEPING), _LARGEST_BYTES],
    )
    return [(name, dated) for name, dated in await found.fetchall()]


async def _all_of(connection: Connection, queries: list[sql.Composed]) -> list[tuple[Any, ...]]:
    if not queries:
        return []
    return await (await connection.execute(sql.SQL(" UNION ALL ").join(queries))).fetchall()
