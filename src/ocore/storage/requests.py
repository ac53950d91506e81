"""The door's side of the records, bound to one organization by row-level security."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from psycopg import errors

from ocore.deployments.autodeploy import Decision, Outcome, Standing, repeated
from ocore.deployments.ledger import Ending, Target
from ocore.deployments.model import Deployment, RollbackTarget, Status, Trigger
from ocore.deployments.products import Snapped
from ocore.deployments.verdict import error_message
from ocore.deployments.wayback import gravest, way_back
from ocore.environments import Instance, Live, Project
from ocore.errors import Conflict
from ocore.storage.absent import no_deployment, no_project
from ocore.storage.audit import audit
from ocore.storage.autodeploys import standing_of
from ocore.storage.codec import (
    deployment_json,
    instance_from,
    live_from,
    project_from,
    to_json,
    view_json,
)
from ocore.storage.database import Connection, Pool, load_queries, transaction
from ocore.storage.journal import with_journal
from ocore.storage.ledger import end_deployment
from ocore.storage.snapshots import available_snapshots

_QUERIES: Final = load_queries("requests")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a key was used for."""

    view: bytes
    deployment_id: str


class TenantRequests:
    """What people ask for, in one organization. A foreign id is NotFound."""

    def __init__(self, pool: Pool, organization_id: str, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._organization = organization_id
        self._now = now

    async def project(self, project_id: str) -> Project:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "project", project=project_id)
        if row is None:
            raise no_project(project_id)
        return project_from(row[0])

    async def instances(self, project_id: str) -> tuple[Instance, ...]:
        async with transaction(self._pool, self._organization) as connection:
            rows = await _all(connection, "instances", project=project_id)
        return tuple(instance_from(row[0]) for row in rows)

    async def live(self, instance: Instance) -> Live | None:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "live", instance=instance.id)
        return live_from(row[0]) if row and row[0] else None

    async def open(self, deployment: Deployment, *, idempotency_key: str | None) -> bytes:
        try:
            async with transaction(self._pool, self._organization) as connection:
                if known := await self._known(connection, deployment, idempotency_key):
                    return known.view
                return await self._open(connection, deployment, idempotency_key)
        except errors.UniqueViolation as raced:
            # The same key was kept by a request side by side with this one: its answer counts.
            async with transaction(self._pool, self._organization) as connection:
                known = await self._known(connection, deployment, idempotency_key)
            if known is None:
                raise Conflict(
                    f"deployment {deployment.id} exists already", code="deployment_exists"
                ) from raced
            return known.view

    async def open_pushed(
        self,
        deployment: Deployment,
        *,
        idempotency_key: str | None,
        decide: Callable[[Standing], Decision],
    ) -> Decision:
        async with transaction(self._pool, self._organization) as connection:
            await _all(connection, "lock_project", project=deployment.project.id)
            decision = decide(await standing_of(connection, deployment.instance.id))
            if decision.outcome is not Outcome.QUEUED:
                return decision
            if known := await self._known(connection, deployment, idempotency_key):
                return repeated(known.deployment_id)
            await self._open(connection, deployment, idempotency_key)
            return replace(decision, deployment_id=deployment.id)

    async def deployment(self, project_id: str, deployment_id: str) -> Deployment:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "deployment", id=deployment_id, project=project_id)
            if row is None:
                raise no_deployment(deployment_id)
            found = await with_journal(connection, deployment_id, row[0])
        return replace(found, cancel_requested=row[1])

    async def rollback_targets(self, instance: Instance) -> tuple[Target, ...]:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "live", instance=instance.id)
            live = row[0]["deployment_id"] if row and row[0] else None
            rows = await _all(connection, "succeeded", instance=instance.id, most=200)
            newest_first = [await with_journal(connection, id_, record) for id_, record in rows]
            kept = await available_snapshots(connection, instance.id)
        targets = rollback_targets(newest_first, live=live)
        return tuple(each for each in targets if each.target.snapshot.id in kept)

    async def went_live(self, instance: Instance) -> tuple[Deployment, ...]:
        async with transaction(self._pool, self._organization) as connection:
            rows = await _all(connection, "succeeded", instance=instance.id, most=20)
            return tuple([await with_journal(connection, id_, record) for id_, record in rows])

    async def rollbacks(self, instance: Instance) -> tuple[Deployment, ...]:
        async with transaction(self._pool, self._organization) as connection:
            rows = await _all(connection, "rollbacks", instance=instance.id)
            return tuple([await with_journal(connection, id_, record) for id_, record in rows])

    async def request_cancel(self, deployment_id: str, *, by: str) -> bytes:
        async with transaction(self._pool, self._organization) as connection:
            row = await _one(connection, "lock_deployment", id=deployment_id)
            if row is None:
                raise no_deployment(deployment_id)
            record, status, view = row
            await audit(
                connection, self._organization, "deployment.cancel_requested", deployment_id, by=by
            )
            await _all(connection, "notify", id=deployment_id)
            if status in {Status.QUEUED, Status.BLOCKED}:
                waiting = await with_journal(connection, deployment_id, record)
                return await self._end(connection, waiting, Status.CANCELLED)
            updated = await _one(connection, "request_cancel", id=deployment_id)
            return str(updated[0] if updated else view).encode()

    async def _known(
        self, connection: Connection, deployment: Deployment, key: str | None
    ) -> _Known | None:
        if key is None:
            return None
        row = await _one(connection, "known_key", organization=self._organization, key=key)
        if row is None:
            return None
        if row[0] != _fingerprint(deployment):
            raise Conflict(
                "this Idempotency-Key was used for another request",
                code="idempotency_key_reused",
                field="Idempotency-Key",
            )
        return _Known(view=str(row[1]).encode(), deployment_id=row[2])

    async def _open(self, connection: Connection, deployment: Deployment, key: str | None) -> bytes:
        # First of all, for it locks the project: who decides by what is queued sees all of it.
        await connection.execute(_QUERIES["count"], {"project": deployment.project.id})
        if deployment.trigger is Trigger.WEBHOOK:
            await self._supersede(connection, deployment.instance)
        view = view_json(deployment, now=self._now())
        await connection.execute(
            _QUERIES["open"],
            {
                "id": deployment.id,
                "organization": self._organization,
                "project": deployment.project.id,
                "instance": deployment.instance.id,
                "trigger": deployment.trigger,
                "record": deployment_json(deployment),
                "view": view,
            },
        )
        if key is not None:
            await self._keep_key(connection, deployment, key)
        await audit(
            connection,
            self._organization,
            "deployment.requested",
            deployment.id,
            by=deployment.requested_by,
        )
        await connection.execute(_QUERIES["notify"], {"id": deployment.id})
        return view.encode()

    async def _keep_key(self, connection: Connection, deployment: Deployment, key: str) -> None:
        values = {
            "organization": self._organization,
            "key": key,
            "request": _fingerprint(deployment),
            "deployment": deployment.id,
        }
        await connection.execute(_QUERIES["keep_key"], values)

    async def _supersede(self, connection: Connection, instance: Instance) -> None:
        for id_, record in await _all(connection, "superseded", instance=instance.id):
            waiting = await with_journal(connection, id_, record)
            await self._end(connection, waiting, Status.SUPERSEDED)

    async def _end(self, connection: Connection, deployment: Deployment, status: Status) -> bytes:
        reason = error_message(deployment, status)
        ending = Ending(status=status, error_message=reason, instance_status=None)
        ended = await end_deployment(connection, deployment, ending, now=self._now())
        return view_json(ended, now=self._now()).encode()


def rollback_targets(newest_first: list[Deployment], *, live: str | None) -> tuple[Target, ...]:
    """Return what can be gone back to: the data of a deployment is its successor's snapshot."""
    targets, ways = [], []
    for successor, deployment in pairwise(newest_first):
        ways.append(way_back(successor))
        snapped, commit, image = successor.find(Snapped), deployment.commit, deployment.image
        if deployment.id == live or snapped is None or commit is None or image is None:
            continue
        target = RollbackTarget(
            deployment_id=deployment.id,
            commit=commit,
            image=image.tag,
            snapshot=snapped.snapshot,
        )
        targets.append(Target(target=target, way=gravest(ways)))
    return tuple(targets)


def _fingerprint(deployment: Deployment) -> str:
    asked = {
        "project": deployment.project.id,
        "instance": deployment.instance.id,
        "ref": deployment.ref,
        "target": (
            (
                deployment.target.deployment_id,
                deployment.target.snapshot.id,
                deployment.target.restores_data,
            )
            if deployment.target
            else None
        ),
    }
    return hashlib.sha256(to_json(asked).encode()).hexdigest()


async def _one(connection: Connection, name: str, **values: Any) -> tuple[Any, ...] | None:
    return await (await connection.execute(_QUERIES[name], values)).fetchone()


async def _all(connection: Connection, name: str, **values: Any) -> list[tuple[Any, ...]]:
    return await (await connection.execute(_QUERIES[name], values)).fetchall()
