"""A deployment as a stream of events: where a follower stands, and what is sent next."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final

import msgspec
from litestar.params import HeaderParameter
from litestar.response import Stream

from ocore.api.follow import COMPLETE, Following, Hub
from ocore.api.schemas import View, answer_of, choices
from ocore.deployments.ledger import Views
from ocore.errors import Malformed
from ocore.transcripts import Chunk

_PLACE: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        description="The `id` of the last event you have seen; the stream goes on after it.",
        schema_extra={"pattern": f"^({_PLACE.pattern})?$"},
    ),
]


class StreamedEvent(View):
    """Events `step`, `log`, `blocked` and, last, `complete`; the data of each is JSON."""

    event: Annotated[str, choices(["step", "log", "blocked", COMPLETE])]
    id: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{_PLACE.pattern}$"})]
    data: Annotated[str, msgspec.Meta(extra_json_schema={"contentMediaType": "application/json"})]


EVENT_STREAM: Final = {200: replace(answer_of(StreamedEvent), media_type="text/event-stream")}


@dataclass(frozen=True, slots=True)
class Place:
    """How far a follower has come: the last event, and the last line of the log."""

    seq: int = 0
    line: int = 0

    def __str__(self) -> str:
        return f"{self.seq}-{self.line}"

    @classmethod
    def parse(cls, text: str | None) -> "Place":
        """Read an event's id; Malformed when it is none of ours."""
        if not text:
            return cls()
        found = _PLACE.fullmatch(text)
        if found is None:
            raise Malformed(
                "Last-Event-ID must be the id of an event of this stream, such as 3-0",
                code="malformed_event_id",
                field="Last-Event-ID",
            )
        return cls(int(found[1]), int(found[2]))


Frames = AsyncIterator[tuple[bytes, Place]]
NewLines = Callable[[Following, Place], Frames]


def stream_of(
    hub: Hub, deployment_id: str, views: Views, place: Place, new_lines: NewLines
) -> Stream:
    """Return the answer that tells of a deployment, from a place on until `complete`."""

    async def frames() -> AsyncIterator[bytes]:
        async with hub.follow(deployment_id, views) as following:
            async for frame in told(following, place, new_lines):
                yield frame

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Stream(frames(), media_type="text/event-stream", headers=headers)


async def told(following: Following, place: Place, new_lines: NewLines) -> AsyncIterator[bytes]:
    """Yield the frames after a place, until `complete`; a comment when there was none for a while.

    A worker stores the lines of a step before it ends it, and so lines that are read after an
    event hold all that came before it: they are sent first.
    """
    clock, pause = asyncio.get_running_loop().time, following.heartbeat_seconds
    due = clock() + pause
    while True:
        version, events = following.feed.version, following.feed.after(place.seq)
        async for frame, reached in new_lines(following, place):
            place, due = reached, clock() + pause
            yield frame
        for event in events:
            place, due = Place(event.seq, place.line), clock() + pause
            yield _frame(event.kind, event.data, place)
            if event.kind == COMPLETE:
                return
        if not await following.news(version, until=due):
            return
        if clock() >= due:
            due = clock() + pause
            yield b": heartbeat\n\n"


async def log_lines(following: Following, place: Place) -> Frames:
    """Yield what the log says after a place."""
    while chunks := await following.feed.lines_after(place.line):
        for chunk in chunks:
            place = Place(place.seq, chunk.last_line)
            yield _log_frames(chunk, place.seq), place


async def no_lines(_following: Following, _place: Place) -> Frames:
    """Yield nothing: the follower wants the steps alone."""
    return
    yield


def _frame(kind: str, data: bytes, place: Place) -> bytes:
    return b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), str(place).encode(), data)


def _log_frames(chunk: Chunk, seq: int) -> bytes:
    texts = chunk.content.decode(errors="replace").split("\n")[:-1]
    return b"".join(
        _frame("log", msgspec.json.encode({"line": number, "text": text}), Place(seq, number))
        for number, text in enumerate(texts, chunk.first_line)
    )
