"""BuildKit, the Engine's newer builder, for a Dockerfile that somebody else wrote.

Such a file may use what the older builder does not know, `RUN --mount` first of all. The Engine has
it since API 1.39, behind the same `POST /build`: a context that comes with the request needs no
session, and the build ends when the request does. What it tells comes as messages of
`moby.buildkit.v1` (api/services/control/control.proto), of which this reads the names of the steps
and what their programs say.
"""

import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final

import aiohttp
import msgspec
from aiodocker import Docker, DockerError
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

from ocore.images.context import Context
from ocore.kit.lines import Lines

TRACE: Final = "moby.buildkit.trace"
_STATUS: Final = """
name: "ocore/buildkit.proto" package: "moby.buildkit.v1" syntax: "proto3"
message_type {
  name: "StatusResponse"
  field { name: "vertexes" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".moby.buildkit.v1.Vertex" }
  field { name: "logs" number: 3 label: LABEL_REPEATED type: TYPE_MESSAGE
          type_name: ".moby.buildkit.v1.VertexLog" }
}
message_type {
  name: "Vertex"
  field { name: "digest" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "name" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING }
}
message_type {
  name: "VertexLog"
  field { name: "vertex" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "msg" number: 4 label: LABEL_OPTIONAL type: TYPE_BYTES }
}
"""


def _status_message() -> Any:
    """Return the class of the messages; fields that are not named here are passed over."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(text_format.Parse(_STATUS, descriptor_pb2.FileDescriptorProto()))
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("moby.buildkit.v1.StatusResponse")
    )


_Status: Final = _status_message()


class Trace:
    """What the steps of one build say, as lines; each step is named once, when it begins."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._steps: dict[str, Lines] = {}

    def hear(self, message: str) -> None:
        """Take one message, in base64."""
        status = _Status.FromString(base64.b64decode(message))
        for vertex in status.vertexes:
            if vertex.digest not in self._steps:
                self._steps[vertex.digest] = Lines(self._say)
                self._say(vertex.name)
        for log in status.logs:
            # Steps run side by side, and a piece may end in the middle of a line.
            lines = self._steps.setdefault(log.vertex, Lines(self._say))
            lines.feed(log.msg.decode(errors="replace"))

    def end(self) -> None:
        for lines in self._steps.values():
            lines.end()


async def buildkit_items(
    docker: Docker, context: Context, *, tag: str
) -> AsyncIterator[dict[str, Any]]:
    """Build, and give what the Engine tells; DockerError when it refuses."""
    url = f"{docker.docker_host}/{docker.api_version}/build"
    async with docker.session.post(
        url,
        params={"version": "2", "t": tag},
        data=context.finished(),
        headers={"Content-Type": "application/x-tar"},
        timeout=aiohttp.ClientTimeout(total=None),
    ) as answer:
        if answer.status != 200:
            raise DockerError(answer.status, (await answer.json())["message"])
        async with aclosing(_json_lines(answer.content)) as items:
            async for item in items:
                if "error" in item:
                    raise DockerError(500, item["error"])
                yield item


async def forget_builds(docker: Docker, *, unused_for: timedelta) -> None:
    """Remove what builds keep to be faster next time, and have not used for so long."""
    await docker.images.prune_builds(filters={"until": [f"{unused_for.total_seconds():.0f}s"]})


async def _json_lines(content: aiohttp.StreamReader) -> AsyncGenerator[dict[str, Any], None]:
    """Split what comes, which may be lines of any length."""
    rest = b""
    async for piece in content.iter_any():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield msgspec.json.decode(line, type=dict[str, Any])
