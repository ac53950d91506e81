"""Makes findings by the table of their classes, which the reference pages are made of as well."""

from collections.abc import Mapping
from typing import Any

from ocore.gates.classes import CLASSES, ClassFacts
from ocore.gates.findings import Finding, FindingClass, Gate, GateAction, Severity

__all__ = ["CLASSES", "ClassFacts", "classes_of", "found"]


def found(
    cls: FindingClass,
    excerpt: str,
    *,
    confidence: float = 1.0,
    action: GateAction | None = None,
    severity: Severity | None = None,
    **metadata: Any,
) -> Finding:
    """Return a finding of a class, with that class's severity and action unless told otherwise."""
    facts = CLASSES[cls]
    return Finding(
        cls=cls,
        severity=severity or facts.severity,
        action=action or facts.action,
        excerpt=excerpt,
        confidence=confidence,
        metadata=metadata,
    )


def classes_of(gate: Gate) -> Mapping[FindingClass, ClassFacts]:
    return {cls: facts for cls, facts in CLASSES.items() if facts.gate is gate}
