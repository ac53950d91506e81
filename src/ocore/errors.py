"""The errors we raise on purpose.

    OcoreError
    ├── Refused            the caller asked for something we will not do; nothing changed
    │   ├── Malformed        it is not even a well-formed question          (HTTP 400)
    │   ├── Unauthenticated  nobody knows who is asking                     (HTTP 401)
    │   ├── Forbidden        the role does not allow it                     (HTTP 403)
    │   ├── NotFound         it is not there, or not the caller's to see    (HTTP 404)
    │   ├── Conflict         it exists, but not in a state that allows this (HTTP 409)
    │   └── Impossible       understood, and it cannot be done              (HTTP 422)
    ├── StepFailed         the outside world said no; recorded, then the pipeline unwinds
    ├── Unavailable        our own records cannot be reached just now; try again     (HTTP 503)
    ├── LeaseLost          another worker owns this deployment now; stop touching it
    └── Stopping           the platform is about to end; leave everything as it is

Anything else that escapes is a bug: it is not caught, and it is not hidden.
"""

from collections.abc import Mapping
from typing import Any


class OcoreError(Exception):
    """Base of every error we raise on purpose."""


class Refused(OcoreError):
    """The caller asked for something we will not do. Nothing has changed.

    `code` is stable and meant for programs; `field` names the offending input, where one is.
    """

    def __init__(self, message: str, *, code: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.field = field


class Malformed(Refused):
    """It is not a well-formed question."""


class Unauthenticated(Refused):
    """Nobody knows who is asking."""


class Forbidden(Refused):
    """The caller's role does not allow it."""


class NotFound(Refused):
    """There is no such thing, or the caller may not know that there is."""


class Conflict(Refused):
    """It exists, but not in a state that allows this."""


class Impossible(Refused):
    """Understood, and it cannot be done."""


class StepFailed(OcoreError):
    """An expected failure of the outside world, in words an operator can act on.

    `card` is a failure card (see ocore.odoo.failures) where one could be made, and `exit_code`
    is of the program that failed, where one did.
    """

    def __init__(
        self,
        message: str,
        *,
        card: Mapping[str, Any] | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.card = card
        self.exit_code = exit_code


class Unavailable(OcoreError):
    """Our own records cannot be reached just now. What was asked for may be asked again."""


class LeaseLost(OcoreError):
    """Another worker owns this deployment now."""


class Stopping(OcoreError):
    """The platform is about to end. It says nothing about the deployment: the step is not over.

    Whoever claims the deployment next does the step again.
    """
