from ocore.storage.database import read
from tests.storage.records import Records


async def test_one_statement_sees_one_organization(records: Records) -> None:
    query = "SELECT organization_id FROM projects"
    for tenant in (records.acme, records.other):
        rows = await read(records.pool, tenant.organization_id, query, {})
        assert [str(row[0]) for row in rows] == [tenant.organization_id]


async def test_what_a_statement_may_see_ends_with_it(records: Records) -> None:
    query = "SELECT 1 FROM projects"
    async with records.pool.connection() as connection:
        assert await (await connection.execute(query)).fetchall() == []
    assert await read(records.pool, records.acme.organization_id, query, {}) == [(1,)]
    async with records.pool.connection() as connection:
        assert await (await connection.execute(query)).fetchall() == []


async def test_text_comes_as_it_is_stored_and_values_are_no_sql(records: Records) -> None:
    value = "O'Neil; DROP TABLE projects -- “loans” %s \\"
    rows = await read(
        records.pool, records.acme.organization_id, "SELECT %(v)s::text", {"v": value}
    )
    assert rows == [(value.encode(),)]
