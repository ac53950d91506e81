"""Users and their sessions."""

from datetime import datetime
from typing import Any, Final

from psycopg import errors

from ocore.access import Role
from ocore.access.accounts import Account
from ocore.errors import Conflict
from ocore.kit.ids import uuid7
from ocore.storage.database import EVERY_ORGANIZATION, Pool, load_queries, transaction

_QUERIES: Final = load_queries("accounts")


class PostgresAccounts:
    """Accounts across organizations: read before anybody is known."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def by_email(self, email: str) -> Account | None:
        return await self._account("by_email", email=email)

    async def by_id(self, user_id: str) -> Account | None:
        return await self._account("by_id", id=user_id)

    async def add(self, account: Account, *, organization_name: str) -> None:
        organization = {
            "id": account.organization_id,
            "slug": account.organization_slug,
            "name": organization_name,
        }
        user = {
            "id": account.user_id,
            "email": account.email,
            "name": account.name,
            "password_hash": account.password_hash,
        }
        try:
            async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
                made = await connection.execute(_QUERIES["add_organization"], organization)
                (organization_id,) = await made.fetchone() or (account.organization_id,)
                await connection.execute(_QUERIES["add_user"], user)
                membership = {
                    "user": account.user_id,
                    "organization": organization_id,
                    "role": account.role,
                }
                await connection.execute(_QUERIES["add_membership"], membership)
        except errors.UniqueViolation as taken:
            raise Conflict(
                f"{account.email} has an account already", code="email_taken", field="email"
            ) from taken

    async def open_session(self, user_id: str, token_hash: str, *, expires_at: datetime) -> None:
        values = {
            "hash": token_hash,
            "family": uuid7(),
            "user": user_id,
            "expires": expires_at,
        }
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            await connection.execute(_QUERIES["open_session"], values)

    async def rotate_session(
        self, token_hash: str, new_hash: str, *, now: datetime, expires_at: datetime
    ) -> str | None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            found = await connection.execute(_QUERIES["session"], {"hash": token_hash})
            row = await found.fetchone()
            if row is None:
                return None
            family, user_id, expires, rotated = row
            if rotated is not None:
                await connection.execute(_QUERIES["end_family"], {"family": family})
                return None
            if expires <= now:
                return None
            await connection.execute(_QUERIES["rotate"], {"hash": token_hash, "now": now})
            fresh = {"hash": new_hash, "family": family, "user": user_id, "expires": expires_at}
            await connection.execute(_QUERIES["open_session"], fresh)
        return str(user_id)

    async def _account(self, name: str, **values: Any) -> Account | None:
        async with transaction(self._pool, EVERY_ORGANIZATION) as connection:
            row = await (await connection.execute(_QUERIES[name], values)).fetchone()
        if row is None:
            return None
        user_id, email, full_name, password_hash, organization_id, slug, role = row
        return Account(
            user_id=str(user_id),
            email=email,
            name=full_name,
            password_hash=password_hash,
            organization_id=str(organization_id),
            organization_slug=slug,
            role=Role(role),
        )
