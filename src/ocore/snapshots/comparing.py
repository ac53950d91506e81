"""Compares two databases of one instance: is a copy whole, and what has changed since?"""

from typing import Final

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


async def row_counts(connection: Connection) -> dict[str, int]:
    """Return the exact number of rows of each table that people write, by name."""
    found = await connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relname <> ALL(%s) AND relname NOT LIKE 'orm\\_signaling\\_%%'"
        " AND pg_relation_size(oid) < %s ORDER BY relname",
        [list(BOOKKEEPING), _LARGEST_BYTES],
    )
    names = [row[0] for row in await found.fetchall()]
    if not names:
        return {}
    counts = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {}, count(*) FROM public.{}").format(
            sql.Literal(name), sql.Identifier(name)
        )
        for name in names
    )
    rows = await (await connection.execute(counts)).fetchall()
    return dict(rows)


def differences(now: dict[str, int], then: dict[str, int]) -> dict[str, int]:
    """Return `now - then` for the tables both have, where it is not zero."""
    shared = sorted(now.keys() & then.keys())
    return {name: now[name] - then[name] for name in shared if now[name] != then[name]}
