"""Evidence: the record of checks that ran, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from ocore.deployments.waivers import Waiver
from ocore.gates.findings import Finding, FindingClass, Gate, GateAction, Severity

__all__ = [
    "Evidence",
    "EvidenceStatus",
    "Finding",
    "FindingClass",
    "Gate",
    "GateAction",
    "Outcome",
    "Severity",
]


class EvidenceStatus(StrEnum):
    """How one run of a check stands. ERROR: it could not run, so that nothing is known."""

    PENDING = "pending"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAIVED = "waived"
    ERROR = "error"


class Outcome(StrEnum):
    """What one run of a check means for the deployment."""

    PASS = "pass"  # noqa: S105 - not a password
    WARN = "warn"
    BLOCK = "block"
    NONE = "none"


GOOD: Final = frozenset({EvidenceStatus.PASSED, EvidenceStatus.WAIVED})
_OPEN: Final = frozenset({EvidenceStatus.PENDING, EvidenceStatus.RUNNING, EvidenceStatus.SKIPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The record of one check that really ran, or that should have and could not.

    `mode` is static, rehearsal, test or runtime. `failure_card` explains a failure; see
    ocore.odoo.failures for its keys. `exit_code` is of the program the check ran, where it ran one.
    `waiver` is what a failure was accepted by.
    """

    gate: Gate
    name: str
    status: EvidenceStatus
    summary: str
    mode: str
    started_at: datetime
    completed_at: datetime
    required: bool = True
    warned: bool = False
    exit_code: int | None = None
    log_excerpt: str | None = None
    failure_card: Mapping[str, Any] | None = None
    artifact_refs: tuple[str, ...] = ()
    log_refs: tuple[str, ...] = ()
    waiver: Waiver | None = None

    @property
    def passed(self) -> bool:
        return self.status in GOOD

    @property
    def blocks(self) -> bool:
        """Say whether the deployment may not go on: silence of a required check is no pass."""
        return self.outcome is Outcome.BLOCK

    @property
    def outcome(self) -> Outcome:
        if self.status in _OPEN:
            return Outcome.NONE
        if self.status in GOOD:
            return Outcome.WARN if self.warned else Outcome.PASS
        return Outcome.BLOCK if self.required else Outcome.WARN
