"""What going back to a snapshot would lose: rows inserted, updated and deleted since, by table.

Odoo writes into nearly every row when it was made and last changed, so that such rows are counted
as they are. For tables without these columns PostgreSQL's own counters tell what was done since:
they count each change, also of transactions that were taken back, and are some seconds behind. They
begin anew after a crash, a reset, and in a database that took another's place; then nobody knows,
and nothing is guessed.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from ocore.kit.databases import Connection
from ocore.snapshots import TableLoss
from ocore.snapshots.comparing import Rows

_FILE: Final = "counters.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """PostgreSQL's counters of a database at one moment: inserts, updates and deletes by table.

    They go on counting from there while the database is the same and `reset` has not changed.
    """

    at: datetime
    database: int
    reset: datetime | None
    tables: dict[str, tuple[int, int, int]]


async def read_counters(connection: Connection) -> Counters:
    """Return the counters of the database we are connected to, and its clock (UTC, as Odoo's)."""
    found = await connection.execute(
        "SELECT clock_timestamp() AT TIME ZONE 'UTC', datid, stats_reset"
        " FROM pg_stat_database WHERE datname = current_database()"
    )
    at, database, reset = await found.fetchone() or (None, 0, None)
    tables = await connection.execute(
        "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables"
        " WHERE schemaname = 'public'"
    )
    counted = {name: (ins, upd, gone) for name, ins, upd, gone in await tables.fetchall()}
    return Counters(at=at, database=database, reset=reset, tables=counted)


def keep_counters(folder: Path, counters: Counters) -> None:
    """Write down what the counters said when the snapshot was taken."""
    fresh = folder / f".{_FILE}"
    fresh.write_bytes(msgspec.json.encode(counters))
    fresh.replace(folder / _FILE)


def kept_counters(folder: Path) -> Counters | None:
    """Return what was written down; None for a snapshot of which it never was."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Counters)
    except FileNotFoundError:
        return None


def losses_between(
    then: dict[str, int], now: dict[str, Rows], *, began: Counters | None, present: Counters
) -> tuple[TableLoss, ...]:
    """Return the tables in which something was done since, or that differ in their rows."""
    goes_on = began is not None and (began.database, began.reset) == (
        present.database,
        present.reset,
    )
    counted = present.tables if goes_on else {}
    found = (
        _loss(
            name,
            then[name],
            now[name],
            _since(began.tables.get(name, (0, 0, 0)), counted.get(name)) if began else None,
        )
        for name in sorted(then.keys() & now.keys())
    )
    return tuple(each for each in found if each.differs)


def _loss(name: str, then: int, rows: Rows, counted: tuple[int, int, int] | None) -> TableLoss:
    net = rows.count - then
    if rows.inserted is not None and rows.updated is not None:
        deleted = max(0, rows.inserted - net)
        return TableLoss(
            table=name, rows=net, inserted=rows.inserted, updated=rows.updated, deleted=deleted
        )
    if counted is None:
        return TableLoss(table=name, rows=net)
    inserted, updated, deleted = counted
    return TableLoss(table=name, rows=net, inserted=inserted, updated=updated, deleted=deleted)


def _since(
    then: tuple[int, int, int], now: tuple[int, int, int] | None
) -> tuple[int, int, int] | None:
    if now is None:
        return None
    inserted, updated, deleted = (late - early for early, late in zip(then, now, strict=True))
    # Less than before: they began anew, whatever else was said of it.
    return (inserted, updated, deleted) if min(inserted, updated, deleted) >= 0 else None
