"""Makes reports of findings: in order, bounded, and with a card for what blocks."""

from collections import Counter
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import Final

from ocore.gates import Report
from ocore.gates.catalog import CLASSES
from ocore.gates.findings import Finding, FindingClass, GateAction, Severity
from ocore.odoo.failures import FailureCard, Where

MOST_OF_A_CLASS: Final = 50
"""A report holds so many findings of one class; the summary counts all."""

_ACTIONS: Final = list(GateAction)
_SEVERITIES: Final = list(Severity)


def report(findings: Iterable[Finding], *, looked_at: str, exclude: Iterable[str] = ()) -> Report:
    """Return the report on these findings, worst first, without those in excluded files."""
    patterns = tuple(exclude)
    all_of_them = sorted(findings, key=_order)
    kept = [each for each in all_of_them if not _excluded(each, patterns)]
    counts = Counter(each.cls for each in kept)
    said = (
        ", ".join(f"{cls} {count} times" for cls, count in counts.most_common()) or "nothing found"
    )
    left_out = len(all_of_them) - len(kept)
    excluded = f"; {left_out} in excluded files" if left_out else ""
    blocking = next((each for each in kept if each.action is GateAction.BLOCK), None)
    return Report(
        summary=f"{looked_at}: {said}{excluded}",
        findings=tuple(_bounded(kept)),
        card=_card(blocking) if blocking else None,
    )


def _bounded(findings: Iterable[Finding]) -> Iterable[Finding]:
    seen: Counter[FindingClass] = Counter()
    for each in findings:
        seen[each.cls] += 1
        if seen[each.cls] <= MOST_OF_A_CLASS:
            yield each


def _order(finding: Finding) -> tuple[int, int, str, int]:
    place = finding.metadata
    return (
        _ACTIONS.index(finding.action),
        _SEVERITIES.index(finding.severity),
        str(place.get("file") or ""),
        int(place.get("line") or 0),
    )


def _excluded(finding: Finding, patterns: tuple[str, ...]) -> bool:
    file = finding.metadata.get("file")
    return isinstance(file, str) and any(fnmatch(file, pattern) for pattern in patterns)


def _card(finding: Finding) -> dict[str, object]:
    facts, place = CLASSES[finding.cls], finding.metadata
    return FailureCard(
        title=finding.cls.partition(".")[2].replace("_", " ").capitalize(),
        cause=finding.excerpt,
        where=Where(module=place.get("module"), file=place.get("file"), line=place.get("line")),
        excerpt=finding.excerpt,
        explanation=facts.meaning,
        suggested_fix=facts.remedy,
        retryable=False,
    ).as_json()
