"""The record of users and their sessions, as the sign-in needs it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ocore.access import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user in one organization. `password_hash` is Argon2id in PHC string format."""

    user_id: str
    email: str
    name: str
    password_hash: str
    organization_id: str
    organization_slug: str
    role: Role


class Accounts(Protocol):
    """Users across organizations; the only record that is read before a caller is known."""

    async def by_email(self, email: str) -> Account | None:
        """Return the account that signs in with this address, in any letter case."""
        ...

    async def by_id(self, user_id: str) -> Account | None:
        """Return an account, or None when it is gone."""
        ...

    async def add(self, account: Account, *, organization_name: str) -> None:
        """Keep a user and, when its slug is new, the organization. Conflict: address taken."""
        ...

    async def open_session(self, user_id: str, token_hash: str, *, expires_at: datetime) -> None:
        """Keep the hash of a refresh token as a new session."""
        ...

    async def rotate_session(
        self, token_hash: str, new_hash: str, *, now: datetime, expires_at: datetime
    ) -> str | None:
        """Exchange a refresh token once and return the user; None when unknown or expired.

        A token that was exchanged before ends the whole session: somebody has stolen it.
        """
        ...
