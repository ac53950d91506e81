"""What the demo saw, as the file it writes and the timeline it prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ocore.demo.availability import (
    Answer,
    bad_answers,
    longest_wait_seconds,
    unanswered_seconds,
)

_BAR: Final = 24
_WINDOW, _BESIDE = "█", "░"
_BESIDE_STEPS: Final = frozenset(
    {"Fetch source", "Inspect modules", "Validate", "Build image", "Prepare restore", "Verify"}
)
_STYLES: Final = {"succeeded": "green", "rolled_back": "yellow", "failed": "red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One deployment of the demo: how it ended, its log's summary, and what users noticed.

    `answers` is None while nothing served yet: there was nothing to notice.
    """

    title: str
    deployment: Mapping[str, Any]
    summary: Mapping[str, Any]
    answers: Sequence[Answer] | None


def chapter_report(chapter: Chapter) -> dict[str, Any]:
    """Return the part of `demo-report.json` about one deployment."""
    deployment = chapter.deployment
    steps = {step["name"]: step["durationMs"] for step in deployment["steps"]}
    answers = None if chapter.answers is None else list(chapter.answers)
    return {
        "title": chapter.title,
        "deploymentId": deployment["id"],
        "status": deployment["status"],
        "errorMessage": deployment["errorMessage"],
        "commitSha": deployment["commitSha"],
        "durationMs": deployment["durationMs"],
        "stepsMs": steps,
        "updatedModules": chapter.summary["updatedModules"],
        "snapshotMs": steps.get("Snapshot"),
        "unansweredSeconds": None if answers is None else unanswered_seconds(answers),
        "badAnswers": None if answers is None else bad_answers(answers),
        "longestWaitSeconds": None if answers is None else longest_wait_seconds(answers),
        "logSummary": dict(chapter.summary),
    }


def print_timeline(chapters: Sequence[Chapter], console: Console) -> None:
    """Print one row a deployment: how it ended, what users noticed, and where the time went."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    for title in ("Deployment", "Ended", "Took", "No answer", "Longest wait", "Timeline"):
        table.add_column(title, no_wrap=True)
    reports = [chapter_report(chapter) for chapter in chapters]
    longest = max((sum(_durations(report)) for report in reports), default=0)
    for report in reports:
        table.add_row(
            report["title"],
            Text(report["status"], style=_STYLES.get(report["status"], "")),
            _seconds(report["durationMs"], 1000),
            _seconds(report["unansweredSeconds"], 1),
            _seconds(report["longestWaitSeconds"], 1),
            _bar(report["stepsMs"], longest),
        )
    console.print(table)
    console.print(f"{_WINDOW} snapshot to switch   {_BESIDE} before and after", style="dim")


def _bar(steps: Mapping[str, int | None], longest: int) -> Text:
    """Draw the steps to scale, those of the cutover darker than those beside it."""
    bar = Text()
    for name, duration in steps.items():
        width = round(_BAR * (duration or 0) / longest) if longest else 0
        mark, style = (_BESIDE, "cyan") if name in _BESIDE_STEPS else (_WINDOW, "yellow")
        bar.append(mark * width, style=style)
    return bar


def _durations(report: Mapping[str, Any]) -> list[int]:
    return [duration or 0 for duration in report["stepsMs"].values()]


def _seconds(value: float | None, unit: int) -> str:
    return "-" if value is None else f"{value / unit:.1f} s"
