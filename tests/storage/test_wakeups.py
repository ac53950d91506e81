import asyncio

from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.storage.wakeups import listen
from tests.storage.records import Records


async def test_a_change_is_heard_even_after_the_connection_was_cut(
    records: Records, conninfo: str, postgres_server: PostgresServer
) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()

    async def hear() -> None:
        async for name in listen(conninfo):
            await heard.put(name)

    hearing = asyncio.create_task(hear())
    try:
        async with asyncio.timeout(20):
            assert await heard.get() is None
            asked = await records.ask()
            assert await heard.get() == asked.id
            async with connected(postgres_server) as admin:
                await admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE 'LISTEN%'"
                )
            assert await heard.get() is None
            again = await records.ask(instance=1)
            assert await heard.get() == again.id
    finally:
        hearing.cancel()
