"""Access: who is asking, and what their role allows."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ocore.errors import Forbidden


class Role(StrEnum):
    """The system roles of an organization."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A signed-in user, acting in one organization."""

    user_id: str
    organization_id: str
    role: Role


_RESOURCES: Final = ("projects", "instances", "deployments", "snapshots", "waivers")
_VIEW: Final = frozenset(f"view:{resource}" for resource in _RESOURCES)
_MANAGE: Final = frozenset(f"manage:{resource}" for resource in _RESOURCES)
PERMISSIONS: Final[dict[Role, frozenset[str]]] = {
    Role.OWNER: _VIEW | _MANAGE,
    Role.ADMIN: _VIEW | _MANAGE,
    # Who writes the code does not accept what is wrong with it.
    Role.DEVELOPER: (_VIEW | _MANAGE) - {"manage:waivers"},
    Role.VIEWER: _VIEW,
}


def require(caller: Caller, permission: str) -> None:
    """Pass when the caller's role holds the permission; Forbidden otherwise."""
    if permission not in PERMISSIONS[caller.role]:
        raise Forbidden(
            f"your role {caller.role} lacks {permission}; ask an owner of your organization",
            code="role_forbids",
        )
