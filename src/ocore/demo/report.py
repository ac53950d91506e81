"""What the demo saw, as the file it writes and the timeline it prints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from ocore.demo.availability import (
    Answer,
    bad_answers,
    longest_wait_seconds,
    unanswered_seconds,
)


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
    """Print one row a deployment: what it was, how it ended, and what users noticed."""
    table = Table("Deployment", "Ended", "Seconds", "Snapshot", "Not answered", "Longest wait")
    for chapter in chapters:
        report = chapter_report(chapter)
        table.add_row(
            chapter.title,
            report["status"],
            _seconds(report["durationMs"], 1000),
            _seconds(report["snapshotMs"], 1000),
            _seconds(report["unansweredSeconds"], 1),
            _seconds(report["longestWaitSeconds"], 1),
        )
    console.print(table)


def _seconds(value: float | None, unit: int) -> str:
    return "-" if value is None else f"{value / unit:.1f} s"
