"""The demo's story: three commits and a rollback, each checked from outside."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from ocore.cli.client import Client
from ocore.cli.follow import address, follow
from ocore.demo.availability import Watcher
from ocore.demo.odoo_rpc import OdooUser
from ocore.demo.report import Chapter
from ocore.demo.repository import DemoCommits


class DemoFailed(Exception):
    """The demo saw something that must not be."""


@dataclass(slots=True)
class Stage:
    """Where the story plays. `proxy_url` is where the instance answers, under `host`."""

    client: Client
    console: Console
    project_id: str
    instance: Mapping[str, Any]
    proxy_url: str
    odoo: OdooUser
    chapters: list[Chapter] = field(default_factory=list)


async def tell(stage: Stage, commits: DemoCommits) -> None:
    """Deploy twice, break once, roll back; DemoFailed as soon as a promise is not kept."""
    first = await _deploy(stage, "Commit 1: install", commits.first)
    _expect(first["status"] == "succeeded", f"commit 1 {first['status']}")
    before = await _lend(stage)
    second = await _deploy(stage, "Commit 2: migrate", commits.second)
    _expect(second["status"] == "succeeded", f"commit 2 {second['status']}")
    _expect(await _loans(stage) == before, "a row was lost in the update")
    broken = await _deploy(stage, "Commit 3: broken", commits.broken)
    _expect(broken["status"] == "rolled_back", f"commit 3 {broken['status']}")
    _expect(await _loans(stage) == before, "a row was lost in the failed update")
    await _lend(stage)
    back = await _roll_back(stage, first["id"])
    _expect(back["status"] == "succeeded", f"rollback {back['status']}")
    _expect(await _loans(stage) == before, "the data is not as commit 2 found it")
    _expect(not await _has_field(stage, "rating"), "the code is not as in commit 1")


async def _deploy(stage: Stage, title: str, sha: str) -> dict[str, Any]:
    body = {"commitSha": sha, "branch": "main", "instanceId": stage.instance["id"]}
    path = f"/projects/{stage.project_id}/deploy"
    return await _watch(stage, title, lambda: stage.client.post(path, body))


async def _roll_back(stage: Stage, deployment_id: str) -> dict[str, Any]:
    body = {"deploymentId": deployment_id}
    path = f"/projects/{stage.project_id}/rollback"
    return await _watch(stage, "Rollback to commit 1", lambda: stage.client.post(path, body))


async def _watch(stage: Stage, title: str, start: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    stage.console.rule(title, align="left")
    watcher = Watcher(stage.proxy_url, stage.instance["host"])
    serving = await watcher.serves()
    async with watcher:
        ended = await follow(stage.client, await start(), stage.console)
    summary = await stage.client.get(f"{address(ended)}/logs/summary")
    answers = watcher.answers if serving else None
    stage.chapters.append(Chapter(title=title, deployment=ended, summary=summary, answers=answers))
    return ended


async def _lend(stage: Stage) -> list[dict[str, Any]]:
    books = await stage.odoo.call("library.book", "search", [], limit=1)
    loan = {"book_id": books[0], "borrower": "Ada", "date_out": "2026-01-05"}
    await stage.odoo.call("library.loan", "create", [loan])
    return await _loans(stage)


async def _loans(stage: Stage) -> list[dict[str, Any]]:
    fields = ["book_id", "borrower", "date_out"]
    loans: list[dict[str, Any]] = await stage.odoo.call(
        "library.loan", "search_read", [], fields=fields, order="id"
    )
    return loans


async def _has_field(stage: Stage, name: str) -> bool:
    return name in await stage.odoo.call("library.book", "fields_get")


def _expect(promise: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion reads so
    if not promise:
        raise DemoFailed(otherwise)
