"""Shows a deployment while it runs: a live step tree on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ocore.cli.client import Client
from ocore.cli.output import print_json

MARKS: Final = {
    "succeeded": ("✔", "green"),
    "failed": ("✘", "red"),
    "skipped": ("-", "dim"),
    "pending": ("·", "dim"),
    "running": ("▶", "cyan"),
}
GOOD: Final = frozenset({"succeeded"})
BLOCKED: Final = "blocked"

Show = Callable[[str, Mapping[str, Any]], None]


async def follow(client: Client, deployment: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """Show the deployment until it ends, or waits for somebody, and return it as it is then."""
    if console.is_terminal:
        return await _follow_live(client, deployment, console)
    return await _follow(client, deployment, _plain(console))


async def follow_json(client: Client, deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Print each event as one line of JSON, then the whole deployment; return it."""

    def show(kind: str, data: Mapping[str, Any]) -> None:
        print_json({"event": kind, "data": data})

    ended = await _follow(client, deployment, show)
    show("deployment", ended)
    return ended


def address(deployment: Mapping[str, Any]) -> str:
    """Return the deployment's path in the API."""
    return f"/projects/{deployment['projectId']}/deployments/{deployment['id']}"


async def _follow(client: Client, deployment: Mapping[str, Any], show: Show) -> dict[str, Any]:
    async with aclosing(client.events(f"{address(deployment)}/logs")) as events:
        async for event in events:
            show(event.kind, event.data)
            # It may wait for a day, and a CI job that waits with it costs money. A stream that is
            # replayed tells of waits that are over, too.
            if (
                event.kind == BLOCKED
                and (now := await _now(client, deployment))["status"] == BLOCKED
            ):
                return now
    return await _now(client, deployment)


async def _now(client: Client, deployment: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = await client.get(address(deployment))
    return found


def _plain(console: Console) -> Show:
    def show(kind: str, data: Mapping[str, Any]) -> None:
        if kind == "step":
            console.print(_step_line(data))
        elif kind in {"complete", BLOCKED}:
            console.print(_ending_line(data))

    return show


async def _follow_live(
    client: Client, deployment: Mapping[str, Any], console: Console
) -> dict[str, Any]:
    tree = StepTree(deployment)
    with Live(tree, console=console, refresh_per_second=10):
        return await _follow(client, deployment, tree.update)


class StepTree:
    """The steps of one deployment, drawn anew whenever the terminal asks."""

    def __init__(self, deployment: Mapping[str, Any]) -> None:
        self._steps = {step["name"]: dict(step) for step in deployment["steps"]}
        self._began: dict[str, float] = {}
        self._ending: Mapping[str, Any] | None = None
        self._spinner = Spinner("dots", style="cyan")

    def update(self, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "step":
            self._steps[data["name"]] = dict(data)
            if data["status"] == "running":
                self._began[data["name"]] = time.monotonic()
        elif kind in {"complete", BLOCKED}:
            self._ending = data

    def __rich__(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        for step in sorted(self._steps.values(), key=lambda each: each["sortOrder"]):
            table.add_row(self._mark(step), step["name"], self._time(step), _output(step))
        if self._ending is None:
            return table
        return Group(table, _ending_line(self._ending))

    def _mark(self, step: Mapping[str, Any]) -> RenderableType:
        if step["status"] == "running":
            return self._spinner
        mark, style = MARKS.get(step["status"], ("?", ""))
        return Text(mark, style=style)

    def _time(self, step: Mapping[str, Any]) -> Text:
        began = self._began.get(step["name"])
        if step["status"] == "running" and began is not None:
            return Text(f"{time.monotonic() - began:6.1f} s", style="cyan")
        return Text(_seconds(step["durationMs"]), style="dim")


def _step_line(step: Mapping[str, Any]) -> Text:
    mark, style = MARKS.get(step["status"], ("?", ""))
    line = Text.assemble((f"{mark} ", style), f"{step['name']:<16}", _seconds(step["durationMs"]))
    if step["output"]:
        line.append(f"  {step['output']}", style="dim")
    return line


def _ending_line(data: Mapping[str, Any]) -> Text:
    style = "bold green" if data["status"] in GOOD else "bold red"
    line = Text(f"{data['status']} {_seconds(data.get('durationMs')).strip()}", style=style)
    if data["errorMessage"]:
        line.append(f"\n{data['errorMessage']}", style="red")
    return line


def _output(step: Mapping[str, Any]) -> Text:
    return Text(step["output"] or "", style="dim", overflow="fold")


def _seconds(milliseconds: int | None) -> str:
    return "        " if milliseconds is None else f"{milliseconds / 1000:6.1f} s"
