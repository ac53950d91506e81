"""Values as JSON and back. Nothing here knows SQL."""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final, get_args, get_type_hints

import msgspec

from ocore.deployments.model import Deployment, Entry
from ocore.deployments.pipeline import Hold
from ocore.deployments.products import Artifact
from ocore.deployments.view import blocked_view, complete_view, deployment_view, step_view
from ocore.environments import Instance, Live, Project

_ARTIFACTS: Final = {kind.__name__: kind for kind in get_args(Artifact)}
# msgspec knows no union of dataclasses, so that what holds an artifact is taken apart here.
_DEPLOYMENT: Final = {k: v for k, v in get_type_hints(Deployment).items() if k != "journal"}
_ENTRY: Final = {k: v for k, v in get_type_hints(Entry).items() if k != "artifact"}


def deployment_json(deployment: Deployment) -> str:
    """Encode what never changes about a deployment, and what its first claim fixed."""
    return msgspec.json.encode(replace(deployment, journal=(), waivers=())).decode()


def deployment_from(record: Any, entries: list[Any]) -> Deployment:
    """Decode a deployment with its journal."""
    journal = tuple(entry_from(entry) for entry in entries)
    return Deployment(**_converted(record, _DEPLOYMENT), journal=journal)


def entry_json(entry: Entry) -> str:
    """Encode a line of the journal; its artifact carries the name of its kind."""
    artifact = entry.artifact
    named = None if artifact is None else {"type": type(artifact).__name__, "value": artifact}
    plain = {each.name: getattr(entry, each.name) for each in fields(entry)}
    return msgspec.json.encode({**plain, "artifact": named}).decode()


def entry_from(record: Any) -> Entry:
    named = record["artifact"]
    artifact = None if named is None else msgspec.convert(named["value"], _ARTIFACTS[named["type"]])
    return Entry(**_converted(record, _ENTRY), artifact=artifact)


def view_json(deployment: Deployment, *, now: datetime) -> str:
    """Encode what the API shows."""
    return msgspec.json.encode(deployment_view(deployment, updated_at=now)).decode()


def step_event(deployment: Deployment, entry: Entry) -> str:
    view = step_view(deployment, entry.step)
    return msgspec.json.encode({**view, "deploymentId": deployment.id}).decode()


def blocked_event(deployment: Deployment, hold: Hold) -> str:
    return msgspec.json.encode(blocked_view(deployment, hold)).decode()


def complete_event(deployment: Deployment) -> str:
    return msgspec.json.encode(complete_view(deployment)).decode()


def live_from(record: Any) -> Live:
    return msgspec.convert(record, Live)


def project_from(record: Any) -> Project:
    return msgspec.convert(record, Project)


def instance_from(record: Any) -> Instance:
    return msgspec.convert(record, Instance)


def to_json(value: Any) -> str:
    """Encode any of our values."""
    return msgspec.json.encode(value).decode()


def _converted(record: Any, types: dict[str, Any]) -> dict[str, Any]:
    # What an earlier version wrote lacks what came later: that has a default.
    known = {name: kind for name, kind in types.items() if name in record}
    return {name: msgspec.convert(record[name], kind) for name, kind in known.items()}
