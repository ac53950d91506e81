"""A follower of an event stream, as a browser reads one (WHATWG HTML, "Server-sent events")."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError, ClientResponse

from ocore.api.follow import Hub
from tests.api.parts import Api


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event: its id, its name, its data."""

    id: str
    kind: str
    data: Any

    @property
    def place(self) -> tuple[int, int]:
        seq, line = self.id.split("-")
        return int(seq), int(line)


@asynccontextmanager
async def following(
    api: Api, path: str, *, lines: bool = False, after: str | None = None
) -> AsyncIterator[AsyncIterator[Event]]:
    """Open a deployment's stream, or that of a rollback's progress, and give what comes."""
    headers = {**api.bearer(), **({} if after is None else {"Last-Event-ID": after})}
    url = path if path.endswith("/progress") else f"{path}/logs{'?lines=1' if lines else ''}"
    async with api.http.get(url, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        assert answer.content_type == "text/event-stream"
        yield events(answer)


async def events(answer: ClientResponse) -> AsyncIterator[Event]:
    """Give the events of a stream until it ends; every one must say where it stands."""
    fields: dict[str, str] = {}
    async for raw in answer.content:
        line = raw.decode().removesuffix("\n")
        if line.startswith(":"):
            continue
        if line:
            name, _, value = line.partition(": ")
            assert name not in fields, "no field of ours comes in parts"
            fields[name] = value
        elif fields:
            assert fields.keys() == {"event", "id", "data"}
            yield Event(id=fields["id"], kind=fields["event"], data=json.loads(fields["data"]))
            fields = {}
    assert not fields, f"cut inside an event: {fields}"


async def all_events(
    api: Api, path: str, *, lines: bool = False, after: str | None = None
) -> list[Event]:
    """Return everything until the stream ends."""
    async with following(api, path, lines=lines, after=after) as stream:
        return [event async for event in stream]


async def events_until_cut(api: Api, path: str, *, after: str | None = None) -> list[Event]:
    """Return what comes until the stream ends, or the connection does."""
    found: list[Event] = []
    try:
        async with following(api, path, lines=True, after=after) as stream:
            async for event in stream:
                found.append(event)  # noqa: PERF401 - what came before a cut is kept
    except ClientError:
        pass
    return found


def texts(found: Iterable[Event]) -> list[str]:
    return [event.data["text"] for event in found if event.kind == "log"]


def assert_whole(found: list[Event], *, after: tuple[int, int] = (0, 0), lines: bool) -> None:
    """Assert that nothing is missing or twice after a place, and that `complete` is the end."""
    seqs = [event.place[0] for event in found if event.kind != "log"]
    assert seqs == list(range(after[0] + 1, after[0] + 1 + len(seqs)))
    numbers = [event.data["line"] for event in found if event.kind == "log"]
    assert numbers == list(range(after[1] + 1, after[1] + 1 + len(numbers)))
    assert lines or not numbers
    kinds = [event.kind for event in found]
    assert kinds.index("complete") == len(kinds) - 1


async def hub_of(api: Api) -> Hub:
    hub = await api.app.dependencies["hub"]()  # type: ignore[operator]
    assert isinstance(hub, Hub)
    return hub
