"""What a person may ask about waivers: accept what a gate found, and take that back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from ocore.access import Caller, require
from ocore.deployments.evidence import Gate
from ocore.deployments.ledger import Waivers
from ocore.deployments.model import ENDED, Deployment
from ocore.deployments.waivers import LONGEST, Scope, Waiver
from ocore.errors import Conflict, Impossible
from ocore.gates.kinds import GATES

_SHORTEST_REASON: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRequest:
    """What is accepted, where it was seen, why, and until when. `confirmation` is typed."""

    project_id: str
    deployment_id: str
    gate: str
    scope: Scope
    reason: str
    confirmation: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverDesk:
    """What these commands work with, bound to the caller's organization."""

    waivers: Waivers
    now: Callable[[], datetime]
    new_id: Callable[[], str]


async def waive(wanted: WaiverRequest, *, by: Caller, desk: WaiverDesk) -> Waiver:
    """Accept what a gate found. The deployment goes on once nothing blocks it any more."""
    require(by, "manage:waivers")
    now = desk.now()
    waiver = Waiver(
        id=desk.new_id(),
        project_id=wanted.project_id,
        deployment_id=wanted.deployment_id,
        commit_sha=None,
        gate=_gate(wanted.gate),
        scope=wanted.scope,
        actor_id=by.user_id,
        actor=by.user_id,
        reason=_reason(wanted.reason),
        confirmation=wanted.confirmation,
        created_at=now,
        expires_at=wanted.expires_at,
    )
    _demand_confirmation(waiver)
    _demand_bounded(waiver, now)
    return await desk.waivers.give(waiver, admit=partial(_demand_seen, waiver, now))


async def revoke(project_id: str, waiver_id: str, *, by: Caller, desk: WaiverDesk) -> Waiver:
    """Take a waiver back. What it has let go on already stays as it is."""
    require(by, "manage:waivers")
    admit = partial(_demand_revocable, now=desk.now())
    return await desk.waivers.revoke(project_id, waiver_id, by=by.user_id, admit=admit)


def _gate(key: str) -> Gate:
    if key not in list(Gate):
        known = ", ".join(gate for gate in Gate if GATES[gate].waivable)
        raise Impossible(
            f"there is no gate {key}; those that can be waived are {known}",
            code="unknown_gate",
            field="gateKey",
        )
    gate = Gate(key)
    if not GATES[gate].waivable:
        raise Impossible(
            f"{gate} cannot be waived: without it there is nothing to go on with",
            code="gate_not_waivable",
            field="gateKey",
        )
    return gate


def _reason(text: str) -> str:
    reason = text.strip()
    if len(reason) < _SHORTEST_REASON:
        raise Impossible(
            "say why, in words that whoever reads this in a year understands",
            code="reason_needed",
            field="reason",
        )
    return reason


def _demand_confirmation(waiver: Waiver) -> None:
    if waiver.confirmation != waiver.gate:
        raise Impossible(
            f"type the gate's key to confirm: {waiver.gate}",
            code="confirmation_mismatch",
            field="confirmation",
        )


def _demand_bounded(waiver: Waiver, now: datetime) -> None:
    if waiver.expires_at <= now:
        raise Impossible("expiresAt is over already", code="expires_in_past", field="expiresAt")
    if waiver.expires_at > now + LONGEST:
        raise Impossible(
            f"expiresAt may be {LONGEST.days} days from now at most",
            code="expires_too_late",
            field="expiresAt",
        )


def _demand_seen(waiver: Waiver, now: datetime, deployment: Deployment) -> None:
    """Refuse to accept what nobody has seen yet, or what nothing waits for any more."""
    if waiver.scope is Scope.DEPLOYMENT and deployment.status in ENDED:
        raise Conflict(
            f"the deployment has ended: it is {deployment.status}", code="deployment_ended"
        )
    if not any(item.gate is waiver.gate and item.blocks for item in deployment.evidence):
        raise Conflict(
            f"{waiver.gate} blocks nothing in this deployment: there is nothing to accept",
            code="gate_not_blocking",
            field="gateKey",
        )
    if any(each.gate is waiver.gate and each.counts(now) for each in deployment.waivers):
        raise Conflict(
            f"{waiver.gate} has been waived already", code="already_waived", field="gateKey"
        )


def _demand_revocable(waiver: Waiver, *, now: datetime) -> None:
    if not waiver.counts(now):
        raise Conflict(
            f"the waiver is {waiver.audit_status(now)}: there is nothing to take back",
            code="waiver_over",
        )
