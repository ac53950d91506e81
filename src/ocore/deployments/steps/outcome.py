"""What a step hands back, and how a check becomes evidence."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ocore.artifacts import Say
from ocore.deployments.evidence import Evidence, EvidenceStatus, Finding, Gate
from ocore.deployments.products import Artifact
from ocore.errors import StepFailed
from ocore.odoo.failures import explain_tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a step that succeeded has to say. `detail` is a sentence for people."""

    detail: str
    artifact: Artifact | None = None
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()


class GateFailed(StepFailed):
    """A required check failed: the step fails with what its checks saw, the failed one first."""

    def __init__(
        self, message: str, *evidence: Evidence, findings: tuple[Finding, ...] = ()
    ) -> None:
        first = evidence[0]
        super().__init__(message, card=first.failure_card, exit_code=first.exit_code)
        self.evidence = evidence
        self.findings = findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One run of a gate, opened before the work and closed as passed or failed after it."""

    gate: Gate
    name: str
    mode: str
    now: Callable[[], datetime]
    started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "started_at", self.now())

    def passed(self, summary: str, **more: Any) -> Evidence:
        return self._evidence(EvidenceStatus.PASSED, summary, more)

    def failed(self, summary: str, **more: Any) -> Evidence:
        return self._evidence(EvidenceStatus.FAILED, summary, more)

    def failure(
        self,
        cause: StepFailed,
        *,
        findings: tuple[Finding, ...] = (),
        log_excerpt: str | None = None,
    ) -> GateFailed:
        """Return the error that records this check as failed for this cause."""
        evidence = self.failed(
            str(cause), failure_card=cause.card, exit_code=cause.exit_code, log_excerpt=log_excerpt
        )
        return GateFailed(str(cause), evidence, findings=findings)

    def _evidence(self, status: EvidenceStatus, summary: str, more: Mapping[str, Any]) -> Evidence:
        return Evidence(
            gate=self.gate,
            name=self.name,
            mode=self.mode,
            status=status,
            summary=summary,
            started_at=self.started_at,
            completed_at=self.now(),
            **more,
        )


class Hearing:
    """Passes on what a program says, and remembers the end of it to explain a failure."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._last: deque[str] = deque(maxlen=400)

    def __call__(self, line: str) -> None:
        self._last.append(line)
        self._say(line)

    def explained(self, failure: StepFailed, *, otherwise: str) -> StepFailed:
        """Return the failure with a card; `otherwise` is the title of one that nobody knows."""
        if failure.card is not None:
            return failure
        card = explain_tool([*self._last, str(failure)], otherwise=otherwise)
        return StepFailed(str(failure), card=card.as_json(), exit_code=failure.exit_code)
