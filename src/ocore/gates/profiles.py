"""Profiles: which gates a deployment must pass. Each asks for all that the one before does."""

from enum import StrEnum
from typing import Final

from ocore.gates.findings import Gate


class Profile(StrEnum):
    """How much must be proven; from the mildest to the strictest."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


VALIDATED: Final = (Gate.CODE_STATIC, Gate.CODE_SECRETS, Gate.MIGRATION_SAFETY)
"""The gates of the step Validate. They run in every profile; required or not."""

_DEVELOPMENT: Final = frozenset(
    {
        Gate.SOURCE_INTEGRITY,
        Gate.MODULES_INSTALLABLE,
        Gate.BUILD_IMAGE,
        Gate.DATABASE_SNAPSHOT,
        Gate.RUNTIME_HEALTH,
    }
)
_STAGING: Final = _DEVELOPMENT | {Gate.CODE_STATIC}
_PRODUCTION: Final = _STAGING | {Gate.CODE_SECRETS, Gate.MIGRATION_SAFETY}

REQUIRED: Final[dict[Profile, frozenset[Gate]]] = {
    Profile.DEVELOPMENT: _DEVELOPMENT,
    Profile.STAGING: _STAGING,
    Profile.PRODUCTION: _PRODUCTION,
}
REQUIRED_OF_ROLLBACK: Final = frozenset({Gate.DATABASE_SNAPSHOT, Gate.RUNTIME_HEALTH})


def profile_of(environment: str, asked: str | None) -> Profile:
    """Return the stricter of the environment's profile and the one the repository asks for.

    A repository may ask for more than its environment does, never for less.
    """
    order = list(Profile)
    own = Profile(environment)
    wanted = Profile(asked) if asked is not None else own
    return max(own, wanted, key=order.index)
