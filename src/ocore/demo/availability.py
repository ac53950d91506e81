"""Measures from outside whether an instance answers while it is being deployed."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Self

import aiohttp
import structlog

from ocore.kit import clock

log = structlog.get_logger(__name__)

_EVERY_SECONDS: Final = 0.1
_PATIENCE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request: when it was sent, how long it took (ms), and its status, None without one."""

    sent_ms: int
    took_ms: int
    status: int | None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 400


@dataclass(slots=True)
class Watcher:
    """Asks `/web/login` ten times a second, whether earlier questions were answered or not.

    At the end of the context each question has its answer, or has waited a minute in vain.
    """

    url: str
    host: str
    answers: list[Answer] = field(default_factory=list)
    _enough: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._enough.set()
        if self._task is not None:
            await self._task

    async def serves(self) -> bool:
        """Say whether the instance answers now."""
        async with aiohttp.ClientSession() as http:
            await self._ask(http)
        return self.answers.pop().good

    async def _watch(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as http, asyncio.TaskGroup() as group:
            while not self._enough.is_set():
                group.create_task(self._ask(http))
                await asyncio.sleep(_EVERY_SECONDS)

    async def _ask(self, http: aiohttp.ClientSession) -> None:
        sent, status = clock.monotonic_ms(), None
        headers = {"Host": self.host}
        try:
            async with http.get(
                f"{self.url}/web/login", headers=headers, allow_redirects=False
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as failure:
            log.debug("no answer", host=self.host, reason=str(failure))
        took = clock.monotonic_ms() - sent
        self.answers.append(Answer(sent_ms=sent, took_ms=took, status=status))


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


def bad_answers(answers: list[Answer]) -> dict[str, int]:
    """Count what was not a 2xx or 3xx, by status; requests without any answer as `none`."""
    return dict(Counter(str(each.status or "none") for each in answers if not each.good))
