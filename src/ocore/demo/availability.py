"""Measures from outside whether an instance answers while it is being deployed."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Self

import aiohttp

from ocore.kit import clock

_EVERY_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was sent, how long it took (ms), and whether it got a 2xx or 3xx."""

    sent_ms: int
    took_ms: int
    good: bool


@dataclass(slots=True)
class Watcher:
    """Asks `/web/login` ten times a second, whether earlier questions were answered or not."""

    url: str
    host: str
    answers: list[Answer] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def serves(self) -> bool:
        """Say whether the instance answers now."""
        async with aiohttp.ClientSession() as http:
            await self._ask(http)
        return self.answers.pop().good

    async def _watch(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as http, asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._ask(http))
                await asyncio.sleep(_EVERY_SECONDS)

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        sent = clock.monotonic_ms()
        headers = {"Host": self.host}
        try:
            async with http.get(
                f"{self.url}/web/login", headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                good = response.status < 400
        except (aiohttp.ClientError, TimeoutError):
            good = False
        took = clock.monotonic_ms() - sent
        self.answers.append(Answer(sent_ms=sent, took_ms=took, good=good))


def unanswered_seconds(answers: list[Answer]) -> float:
    """Return the seconds in which requests were sent that got no 2xx or 3xx."""
    ordered = sorted(answers, key=lambda each: each.sent_ms)
    lost = sum(
        after.sent_ms - before.sent_ms for before, after in pairwise(ordered) if not before.good
    )
    return round(lost / 1000, 3)


def longest_wait_seconds(answers: list[Answer]) -> float | None:
    """Return how long the slowest good answer took; None when there was none."""
    waits = [each.took_ms for each in answers if each.good]
    return round(max(waits) / 1000, 3) if waits else None
