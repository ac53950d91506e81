"""Followers without a network: what a lost wake-up and a broken record do to them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from ocore.api.follow import Hub
from ocore.api.stream import Place, log_lines, no_lines, told
from ocore.deployments.ledger import Event
from ocore.transcripts import Chunk

STEP, COMPLETE = b"event: step\nid: 1-0\ndata: {}\n\n", b"event: complete\nid: 2-0\ndata: {}\n\n"
HEARTBEAT = b": heartbeat\n\n"


@dataclass
class Record:
    """One deployment's events and lines in memory; `broken` says what cannot be read."""

    events: list[Event] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    wakeups: asyncio.Queue[str | None] = field(default_factory=asyncio.Queue)

    def tell(self, kind: str) -> None:
        self.events.append(Event(seq=len(self.events) + 1, kind=kind, data=b"{}"))

    async def listen(self) -> AsyncIterator[str | None]:
        while True:
            yield await self.wakeups.get()


@dataclass
class RecordViews:
    record: Record

    async def events(self, _deployment_id: str, *, after: int) -> tuple[Event, ...]:
        if "events" in self.record.broken:
            raise ConnectionError("no database")
        return tuple(self.record.events[after:])

    async def view(self, _project_id: str, _deployment_id: str) -> bytes:
        raise AssertionError

    async def page(self, _project_id: str, *, limit: int, offset: int) -> bytes:
        raise AssertionError(limit, offset)


@dataclass
class RecordTranscripts:
    record: Record

    async def read(self, _deployment_id: str, *, after_line: int, limit: int) -> tuple[Chunk, ...]:
        if "lines" in self.record.broken:
            raise ConnectionError("no database")
        rest = self.record.lines[after_line : after_line + limit]
        return tuple(
            Chunk(first_line=number, line_count=1, content=line)
            for number, line in enumerate(rest, after_line + 1)
        )

    async def append(self, deployment_id: str, term: int, content: bytes) -> int:
        raise AssertionError(deployment_id, term, content)


async def frames(hub: Hub, record: Record, *, lines: bool = False) -> AsyncIterator[bytes]:
    async with hub.follow("d", RecordViews(record)) as following:
        async for frame in told(following, Place(), log_lines if lines else no_lines):
            yield frame


def hub_over(record: Record, *, heartbeat_seconds: float = 30.0) -> Hub:
    return Hub(record.listen, RecordTranscripts(record), heartbeat_seconds)


async def test_a_heartbeat_comes_when_nothing_else_does() -> None:
    record = Record()
    hub = hub_over(record, heartbeat_seconds=0.05)
    async with hub.open(), asyncio.timeout(10):
        stream = frames(hub, record)
        assert [await anext(stream) for _ in range(3)] == [HEARTBEAT] * 3
        await stream.aclose()


async def test_lines_that_a_follower_did_not_ask_for_do_not_keep_its_heartbeats_from_it() -> None:
    record = Record()
    hub = hub_over(record, heartbeat_seconds=0.2)
    async with hub.open(), asyncio.timeout(10):
        stream = frames(hub, record)
        chatter = asyncio.create_task(_wake_for_ever(record))
        assert await anext(stream) == HEARTBEAT
        chatter.cancel()
        await stream.aclose()


async def _wake_for_ever(record: Record) -> None:
    while True:
        record.wakeups.put_nowait("d")
        await asyncio.sleep(0.01)


async def test_what_a_lost_wakeup_would_have_told_is_found_at_the_next_heartbeat() -> None:
    record = Record()
    hub = hub_over(record, heartbeat_seconds=0.05)
    async with hub.open(), asyncio.timeout(10):
        stream = frames(hub, record)
        assert await anext(stream) == HEARTBEAT
        record.tell("step")
        record.tell("complete")
        rest = [frame async for frame in stream if frame != HEARTBEAT]
    assert rest == [STEP, COMPLETE]


async def test_a_connection_that_was_lost_wakes_every_follower() -> None:
    record = Record()
    hub = hub_over(record)
    async with hub.open(), asyncio.timeout(10):
        record.tell("step")
        stream = frames(hub, record)
        assert await anext(stream) == STEP
        record.tell("complete")
        record.wakeups.put_nowait(None)
        assert [frame async for frame in stream] == [COMPLETE]


@pytest.mark.parametrize("what", ["events", "lines"])
async def test_a_record_that_cannot_be_read_ends_the_stream_and_the_next_one_starts_anew(
    what: str,
) -> None:
    record = Record(lines=[b"hello\n"], broken={what})
    hub = hub_over(record)
    async with hub.open(), asyncio.timeout(10):
        assert COMPLETE not in [frame async for frame in frames(hub, record, lines=True)]
        record.broken.clear()
        record.tell("complete")
        whole = [frame async for frame in frames(hub, record, lines=True)]
    assert whole == [
        b'event: log\nid: 0-1\ndata: {"line":1,"text":"hello"}\n\n',
        b"event: complete\nid: 1-1\ndata: {}\n\n",
    ]


async def test_followers_share_what_is_read_and_leave_nothing_behind() -> None:
    record = Record(lines=[b"hello\n"])
    record.tell("complete")
    hub = hub_over(record)
    before = len(asyncio.all_tasks())
    async with hub.open(), asyncio.timeout(10):
        seen = await asyncio.gather(*(_all(frames(hub, record, lines=True)) for _ in range(20)))
        assert all(each == seen[0] for each in seen)
        assert not hub._followed
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == before


async def _all(stream: AsyncIterator[bytes]) -> list[bytes]:
    return [frame async for frame in stream]
