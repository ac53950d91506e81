"""Summaries of logs over HTTP: each line is read once, however often one asks."""

import asyncio
from collections import OrderedDict
from typing import Any, Final

import msgspec

from ocore.api.schemas import Json
from ocore.deployments.model import Step
from ocore.odoo.logs import Summariser
from ocore.transcripts import Chunk, Transcripts

CHUNKS_AT_ONCE: Final = 256
_STEPS: Final = tuple(step.value for step in Step)
_MOST_SUMMARIES: Final = 500
_MOST_READINGS: Final = 100


class Summaries:
    """Summaries of deployments, each line of which is read once.

    Of a deployment that runs, the next question reads on where the last one ended; of one that
    has ended, the answer is kept.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._begun: OrderedDict[str, Reading] = OrderedDict()

    async def of(self, deployment: Json, transcripts: Transcripts) -> bytes:
        """Return the summary as JSON."""
        key = deployment["id"]
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        reading = self._begun.setdefault(key, Reading())
        _bound(self._begun, _MOST_READINGS)
        body = await reading.summary(deployment, transcripts)
        if deployment["completedAt"] is not None:
            self._begun.pop(key, None)
            self._kept[key] = body
            _bound(self._kept, _MOST_SUMMARIES)
        return body


class Reading:
    """How far the log of one deployment was summarised."""

    def __init__(self) -> None:
        self._summariser = Summariser(steps=_STEPS)
        self._line = -1
        self._one_at_a_time = asyncio.Lock()

    async def summary(self, deployment: Json, transcripts: Transcripts) -> bytes:
        """Read what is new and return the summary of all there is."""
        async with self._one_at_a_time:
            if self._line < 0:
                # The header always has as many lines; what they say is no part of the summary.
                self._summariser.feed(header(deployment))
                self._line = 0
            while chunks := await transcripts.read(
                deployment["id"], after_line=self._line, limit=CHUNKS_AT_ONCE
            ):
                content = b"".join(chunk.content for chunk in chunks)
                await asyncio.to_thread(self._summariser.feed, content)
                self._line = last_line(chunks[-1])
            ended = deployment["completedAt"] is not None
            found = self._summariser.so_far(
                success=deployment["status"] == "succeeded" if ended else None,
                duration_ms=deployment["durationMs"],
            )
            return msgspec.json.encode(found.as_json())


def _bound(kept: OrderedDict[str, Any], most: int) -> None:
    """Forget the oldest beyond this many."""
    while len(kept) > most:
        kept.popitem(last=False)


def header(deployment: Json) -> bytes:
    """Return what stands before the log in its download; always as many lines."""
    facts = {
        "oCore deployment": deployment["id"],
        "project": deployment["projectId"],
        "instance": deployment["instanceId"],
        "trigger": deployment["triggerType"],
        "branch": deployment["branch"],
        "commit": deployment["commitSha"],
        "image": deployment["imageTag"],
        "status": deployment["status"],
        "created": deployment["createdAt"],
        "started": deployment["startedAt"],
        "completed": deployment["completedAt"],
    }
    lines = [f"# {name}: {'unknown' if value is None else value}" for name, value in facts.items()]
    return "\n".join([*lines, "", ""]).encode()


def last_line(chunk: Chunk) -> int:
    """Return the number of the last line in a chunk."""
    return chunk.first_line + chunk.line_count - 1
