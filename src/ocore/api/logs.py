"""The log of a deployment over HTTP: followed live, downloaded whole, and summarised."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Annotated, Final

import msgspec
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from ocore.access import Caller, require
from ocore.api.follow import COMPLETE, Following, Hub
from ocore.api.problems import documented
from ocore.api.schemas import Json, LogSummaryView, View, answer_of, choices, ready
from ocore.api.services import Services
from ocore.api.summaries import CHUNKS_AT_ONCE, Summaries, header, last_line
from ocore.errors import Malformed
from ocore.transcripts import Chunk, Transcripts

_PLACE: Final = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")

WithLines = Annotated[
    int,
    QueryParameter(
        ge=0, le=1, description="1 sends the lines of the log as well, as `log` events."
    ),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        description="The `id` of the last event you have seen; the stream goes on after it.",
        schema_extra={"pattern": f"^({_PLACE.pattern})?$"},
    ),
]


class StreamedEvent(View):
    """Events `step`, `log` and, last, `complete`; the data of each is JSON."""

    event: Annotated[str, choices(["step", "log", COMPLETE])]
    id: Annotated[str, msgspec.Meta(extra_json_schema={"pattern": f"^{_PLACE.pattern}$"})]
    data: Annotated[str, msgspec.Meta(extra_json_schema={"contentMediaType": "application/json"})]


_EVENT_STREAM: Final = {200: replace(answer_of(StreamedEvent), media_type="text/event-stream")}
_DOWNLOAD: Final = {
    200: ResponseSpec(
        str,
        description="A header of lines that begin with `# `, an empty line, then the log.",
        media_type="text/plain",
        generate_examples=False,
    )
}


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


@get(
    "/logs",
    summary="Stream build logs (SSE)",
    responses=_EVENT_STREAM | documented(400, 401, 403, 404),
    media_type="text/event-stream",
)
async def follow_log(  # noqa: PLR0913 - each argument is a part of the request
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    hub: NamedDependency[Hub],
    *,
    lines: WithLines = 0,
    last_event_id: LastEventId = None,
) -> Stream:
    """Send each change of a step, and `complete` last. A deployment that has ended is replayed."""
    require(caller, "view:deployments")
    place = Place.parse(last_event_id)
    views = services.views(caller.organization_id)
    await views.view(project_id, deployment_id)

    async def stream() -> AsyncIterator[bytes]:
        async with hub.follow(deployment_id, views) as following:
            async for frame in told(following, place, log_lines if lines else no_lines):
                yield frame

    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return Stream(stream(), media_type="text/event-stream", headers=headers)


@get(
    "/logs/download",
    summary="Download build logs",
    responses=_DOWNLOAD | documented(401, 403, 404),
    media_type="text/plain",
)
async def download_log(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
) -> Stream:
    """Return the log with a header that says whose it is."""
    require(caller, "view:deployments")
    view = await services.views(caller.organization_id).view(project_id, deployment_id)
    return Stream(
        whole_log(msgspec.json.decode(view), services.transcripts),
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="deployment-{deployment_id}.log"'},
    )


@get(
    "/logs/summary",
    summary="Get deployment log summary",
    responses={200: answer_of(LogSummaryView)} | documented(401, 403, 404),
)
async def summarise_log(
    project_id: NamedDependency[str],
    deployment_id: NamedDependency[str],
    caller: NamedDependency[Caller],
    services: NamedDependency[Services],
    summaries: NamedDependency[Summaries],
) -> Response[bytes]:
    """Return sections, updated modules and grouped warnings. Lines are those of the download."""
    require(caller, "view:deployments")
    view = await services.views(caller.organization_id).view(project_id, deployment_id)
    return ready(await summaries.of(msgspec.json.decode(view), services.transcripts))


async def whole_log(deployment: Json, transcripts: Transcripts) -> AsyncIterator[bytes]:
    """Yield the download: header, empty line, log."""
    yield header(deployment)
    line = 0
    while chunks := await transcripts.read(deployment["id"], after_line=line, limit=CHUNKS_AT_ONCE):
        yield b"".join(chunk.content for chunk in chunks)
        line = last_line(chunks[-1])


Frames = AsyncIterator[tuple[bytes, Place]]


async def told(
    following: Following, place: Place, new_lines: Callable[[Following, Place], Frames]
) -> AsyncIterator[bytes]:
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
            place = Place(place.seq, last_line(chunk))
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


router = Router(
    "/projects/{projectId:uuid}/deployments/{deploymentId:uuid}",
    route_handlers=[follow_log, download_log, summarise_log],
    tags=["Deployments"],
)
