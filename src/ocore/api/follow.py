"""Followers of running deployments: one reader per deployment, however many follow it.

Nothing is queued for a follower. Each keeps its own place and takes what lies behind it, so that a
slow one costs nothing and a fast one waits for nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog

from ocore.deployments.ledger import Event, Views
from ocore.kit.tasks import end_all
from ocore.transcripts import Chunk, Transcripts

EventReader = Callable[[int], Awaitable[tuple[Event, ...]]]
LineReader = Callable[[int], Coroutine[None, None, tuple[Chunk, ...]]]

log = structlog.get_logger(__name__)

COMPLETE: Final = "complete"
HEARTBEAT_SECONDS: Final = 15.0
_CHUNKS_AT_ONCE: Final = 64
_MOST_SHARED_READS: Final = 32


class Interrupted(Exception):
    """What is followed cannot be read just now: the follower must come back."""


class Feed:
    """What one deployment has told so far, kept up to date while anybody follows it."""

    def __init__(self, read_events: EventReader, read_lines: LineReader) -> None:
        self._read_events = read_events
        self._read_lines = read_lines
        self._events: list[Event] = []
        self._stale = asyncio.Event()
        self._changed = asyncio.Event()
        self._reads: dict[int, asyncio.Task[tuple[Chunk, ...]]] = {}
        self.version = 0

    def wake(self) -> None:
        """Note that something may have changed."""
        self._stale.set()

    async def keep_reading(self) -> None:
        """Read what is new after each wake-up, until `complete`."""
        try:
            while not self._ended:
                self._stale.clear()
                self._events += await self._read_events(len(self._events))
                self._reads.clear()
                self.version += 1
                self._changed.set()
                self._changed = asyncio.Event()
                if not self._ended:
                    await self._stale.wait()
        finally:
            self._changed.set()

    def after(self, seq: int) -> list[Event]:
        """Return the events after a number. They are gapless, so the number is also the index."""
        return self._events[seq:]

    async def lines_after(self, line: int) -> tuple[Chunk, ...]:
        """Return what follows a line; followers at the same place share one read. Interrupted."""
        if line not in self._reads:
            if len(self._reads) >= _MOST_SHARED_READS:
                self._reads.clear()
            self._reads[line] = asyncio.create_task(self._read_lines(line))
        read = self._reads[line]
        # Waited for, not awaited: a follower that leaves must not take it from the others.
        await asyncio.wait({read})
        if (failure := read.exception()) is not None:
            raise Interrupted(str(failure)) from failure
        return read.result()

    async def changed_since(self, version: int) -> None:
        """Return as soon as there is more than there was at that version, or nobody reads on."""
        if self.version == version:
            await self._changed.wait()

    @property
    def _ended(self) -> bool:
        return bool(self._events) and self._events[-1].kind == COMPLETE


@dataclass(slots=True)
class _Followed:
    """A feed with its reader and the number of those who follow."""

    feed: Feed
    reader: asyncio.Task[None]
    followers: int = 0


@dataclass(slots=True)
class Hub:
    """All feeds of this process, woken by the database's notifications."""

    wakeups: Callable[[], AsyncIterator[str | None]]
    transcripts: Transcripts
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    _followed: dict[str, _Followed] = field(default_factory=dict)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen for as long as the context lasts."""
        listener = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            await end_all(listener, *(each.reader for each in self._followed.values()))

    @asynccontextmanager
    async def follow(self, deployment_id: str, views: Views) -> AsyncIterator["Following"]:
        """Follow a deployment that `views` may see. An interruption ends the block, quietly."""
        followed = self._followed.get(deployment_id)
        if followed is None or followed.reader.done():
            followed = self._begin(deployment_id, views)
        followed.followers += 1
        try:
            with suppress(Interrupted):
                yield Following(followed.feed, followed.reader, self.heartbeat_seconds)
        finally:
            followed.followers -= 1
            if not followed.followers:
                self._end(deployment_id, followed)

    def _begin(self, deployment_id: str, views: Views) -> _Followed:
        async def events(after: int) -> tuple[Event, ...]:
            return await views.events(deployment_id, after=after)

        async def lines(after: int) -> tuple[Chunk, ...]:
            return await self.transcripts.read(
                deployment_id, after_line=after, limit=_CHUNKS_AT_ONCE
            )

        feed = Feed(events, lines)
        followed = _Followed(feed, asyncio.create_task(feed.keep_reading()))
        followed.reader.add_done_callback(_note_failure)
        self._followed[deployment_id] = followed
        return followed

    def _end(self, deployment_id: str, followed: _Followed) -> None:
        if self._followed.get(deployment_id) is followed:
            del self._followed[deployment_id]
        # Not waited for: to be cancelled once more while it lets go would cost its connection.
        followed.reader.cancel()

    async def _listen(self) -> None:
        async for deployment_id in self.wakeups():
            for known, followed in self._followed.items():
                if deployment_id in (None, known):
                    followed.feed.wake()


@dataclass(frozen=True, slots=True)
class Following:
    """One follower's view of a feed."""

    feed: Feed
    reader: asyncio.Task[None]
    heartbeat_seconds: float

    async def news(self, version: int, *, until: float) -> bool:
        """Wait for more than there was at `version`; say whether there is, or may yet be.

        False means that the reader broke, for want of its database: the follower must come back.
        When the loop's clock reaches `until` the feed looks by itself: a wake-up may be lost.
        """
        try:
            async with asyncio.timeout_at(until):
                await self.feed.changed_since(version)
        except TimeoutError:
            self.feed.wake()
        return self.feed.version > version or not self.reader.done()


def _note_failure(reader: asyncio.Task[Any]) -> None:
    if not reader.cancelled() and (failure := reader.exception()) is not None:
        log.warning("followers were interrupted", reason=str(failure))
