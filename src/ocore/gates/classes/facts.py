"""What is known of a class of findings."""

from dataclasses import dataclass

from ocore.gates.findings import Gate, GateAction, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """What a class of findings is, and what its gate does about it unless a finding says so."""

    gate: Gate
    severity: Severity
    action: GateAction
    meaning: str
    remedy: str


def facts(
    gate: Gate, severity: Severity, action: GateAction, meaning: str, remedy: str
) -> ClassFacts:
    """Return the facts in the order in which the tables tell them."""
    return ClassFacts(gate=gate, severity=severity, action=action, meaning=meaning, remedy=remedy)
