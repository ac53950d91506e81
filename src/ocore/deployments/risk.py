"""How much could go wrong, as a number whose every point can be traced.

    points  for
    ------  --------------------------------------------------------
      40    each critical finding
      25    each high finding
      10    each medium finding
       3    each low finding
            (of one class, the three gravest count: fifty alike are one thing to look at)
      10    a production instance
      15    an update plan that is not empty
       1    each module in the plan (at most 15)
      10    a migration script that will run

The sum is cut at 100. Levels: low below 25, medium below 50, high below 75, critical from there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ocore.deployments.evidence import Finding, FindingClass, Severity
from ocore.deployments.products import Inspected
from ocore.gates.catalog import found

POINTS: Final[dict[Severity, int]] = {
    Severity.CRITICAL: 40,
    Severity.HIGH: 25,
    Severity.MEDIUM: 10,
    Severity.LOW: 3,
    Severity.INFO: 0,
}
_MOST_OF_ONE_CLASS: Final = 3
_MOST_NAMED: Final = 3


class Level(StrEnum):
    """The score in a word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """Points, and what they are for."""

    points: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """The score 0-100, its level, and what it is made of, largest first."""

    score: int
    level: Level
    contributions: tuple[Contribution, ...]


def assess(inspected: Inspected, findings: Sequence[Finding], *, environment: str) -> Risk:
    """Return the risk of putting these modules live in this environment."""
    contributions = [
        *(_of_finding(finding) for finding in _counted(findings)),
        *_of_plan(inspected),
    ]
    if environment == "production":
        contributions.append(Contribution(points=10, reason="the instance is production"))
    contributions.sort(key=lambda each: -each.points)
    score = min(100, sum(each.points for each in contributions))
    return Risk(score=score, level=_level(score), contributions=tuple(contributions))


def biggest(risk: Risk) -> tuple[Contribution, ...]:
    """Return what the score is made of for the most part."""
    return risk.contributions[:_MOST_NAMED]


def explained(risk: Risk) -> Finding:
    """Return the risk's biggest contributions as a finding: a risk has no key for them."""
    named = biggest(risk)
    reasons = "; ".join(f"{each.points} {each.reason}" for each in named) or "nothing adds to it"
    return found(
        FindingClass.RISK,
        f"{risk.score} of 100, {risk.level}: {reasons}",
        score=risk.score,
        level=risk.level,
        contributions=[{"points": each.points, "reason": each.reason} for each in named],
    )


def _counted(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that give points: of each class the gravest, and not many."""
    gravest = sorted(findings, key=lambda each: -POINTS[each.severity])
    seen: Counter[FindingClass] = Counter()
    counted = []
    for finding in gravest:
        seen[finding.cls] += 1
        if POINTS[finding.severity] and seen[finding.cls] <= _MOST_OF_ONE_CLASS:
            counted.append(finding)
    return counted


def _of_finding(finding: Finding) -> Contribution:
    return Contribution(points=POINTS[finding.severity], reason=f"{finding.cls}: {finding.excerpt}")


def _of_plan(inspected: Inspected) -> list[Contribution]:
    planned = len(inspected.install) + len(inspected.update)
    if not planned:
        return []
    contributions = [
        Contribution(points=15, reason="the database is updated"),
        Contribution(points=min(planned, 15), reason=f"{planned} modules in the plan"),
    ]
    if inspected.scripts:
        contributions.append(
            Contribution(points=10, reason=f"{len(inspected.scripts)} migration scripts run")
        )
    return contributions


def _level(score: int) -> Level:
    if score < 25:
        return Level.LOW
    if score < 50:
        return Level.MEDIUM
    return Level.HIGH if score < 75 else Level.CRITICAL
