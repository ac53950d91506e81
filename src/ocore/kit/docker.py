"""The Docker Engine, spoken to through its own API: no client program is needed."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar, cast

import aiohttp
from aiodocker import Docker, DockerError

from ocore.errors import StepFailed

T = TypeVar("T")
_ABSENT, _CONFLICT = 404, 409
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class DockerEngine:
    """One daemon. One that is being restarted has `patience` seconds to answer again."""

    url: str
    patience: float = 20.0

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Docker]:
        """Talk to the daemon; what it refuses becomes StepFailed with its own words."""
        try:
            async with Docker(url=self.url) as docker, _closed_answers(docker):
                await self._answering(docker)
                yield docker
        except DockerError as failure:
            raise StepFailed(f"Docker at {self.url}: {failure.message}") from failure
        except aiohttp.ClientError as failure:
            raise StepFailed(f"Docker at {self.url} went away: {failure}") from failure

    async def _answering(self, docker: Docker) -> None:
        reason = "no answer"
        try:
            async with asyncio.timeout(self.patience):
                while True:
                    try:
                        await docker.version()
                    except DockerError as failure:
                        reason = failure.message
                        await asyncio.sleep(_POLL_SECONDS)
                    else:
                        return
        except TimeoutError:
            raise StepFailed(
                f"Docker at {self.url} does not answer ({reason}): see whether its daemon runs,"
                " and whether OCORE_DOCKER_HOST names its socket"
            ) from None


@asynccontextmanager
async def _closed_answers(docker: Docker) -> AsyncIterator[None]:
    """Close every answer at the end: aiodocker leaves open what was not read to its end."""
    answers: list[aiohttp.ClientResponse] = []

    async def note(_session: object, _context: object, end: aiohttp.TraceRequestEndParams) -> None:
        answers.append(end.response)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(note)
    trace.freeze()
    docker.session.trace_configs.append(trace)
    try:
        yield
    finally:
        for answer in answers:
            answer.close()


async def found(question: Awaitable[T]) -> T | None:
    """Return Docker's answer; None when it knows no such thing."""
    try:
        return await question
    except DockerError as failure:
        if failure.status == _ABSENT:
            return None
        raise


async def unless_gone(order: Awaitable[object]) -> None:
    """Do it, unless there is no such thing or it is on its way out already."""
    try:
        await order
    except DockerError as failure:
        if failure.status not in {_ABSENT, _CONFLICT}:
            raise


def streamed(items: AsyncIterator[T]) -> aclosing[AsyncGenerator[T, None]]:
    """Return what Docker streams, to be used in `async with`.

    Whoever stops in the middle then lets go of the connection at once, and by that tells the
    daemon: a build that nobody listens to ends.
    """
    return aclosing(cast("AsyncGenerator[T, None]", items))
