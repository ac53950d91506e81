"""Signing in: a password for tokens, and a refresh token for new ones."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ocore.access import Caller, passwords
from ocore.access.accounts import Account, Accounts
from ocore.access.tokens import REFRESH_LIFETIME, Tokens, hash_of, new_refresh_token
from ocore.errors import Refused, Unauthenticated

MOST_FAILURES: Final = 10
WINDOW: Final = timedelta(minutes=1)
_MOST_KEYS: Final = 10_000


class TooManyAttempts(Refused):
    """Too often in too short a time. `retry_after` is in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(
            f"too many failed attempts; try again in {retry_after} seconds",
            code="too_many_attempts",
        )
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What a sign-in gives. Both tokens are secrets; `expires_in` seconds is the first's life."""

    account: Account
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


class Attempts:
    """A sliding window of failures per address and what is asked for, in this process only."""

    def __init__(self, *, most: int = MOST_FAILURES, window: timedelta = WINDOW) -> None:
        self._most = most
        self._window = window
        self._failures: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def begin(self, address: str, wanted: str, *, now: datetime) -> None:
        """Count an attempt as failed until it is forgiven; TooManyAttempts when there are enough.

        Counting before the password is checked bounds attempts that are made side by side.
        """
        key = (address, wanted.lower())
        failures = self._failures.setdefault(key, deque())
        self._failures.move_to_end(key)
        while failures and failures[0] <= now - self._window:
            failures.popleft()
        if len(failures) >= self._most:
            wait = failures[0] + self._window - now
            raise TooManyAttempts(retry_after=ceil(wait.total_seconds()))
        failures.append(now)
        if len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)

    def forgive(self, address: str, wanted: str) -> None:
        """Forget the failures: the password was right."""
        self._failures.pop((address, wanted.lower()), None)


async def sign_in(
    email: str, password: str, *, accounts: Accounts, tokens: Tokens, now: datetime
) -> SignedIn:
    """Open a session. Unauthenticated does not tell a wrong password from an unknown address."""
    account = await accounts.by_email(email)
    right = await passwords.matches(password, account.password_hash if account else None)
    if account is None or not right:
        raise Unauthenticated("email or password is wrong", code="bad_credentials")
    token = new_refresh_token()
    expires_at = now + REFRESH_LIFETIME
    await accounts.open_session(account.user_id, hash_of(token), expires_at=expires_at)
    return _signed_in(account, token, tokens, now)


async def refresh(
    refresh_token: str, *, accounts: Accounts, tokens: Tokens, now: datetime
) -> SignedIn:
    """Exchange a refresh token, once, for a new pair. Unauthenticated when it is of no use."""
    token = new_refresh_token()
    user_id = await accounts.rotate_session(
        hash_of(refresh_token), hash_of(token), now=now, expires_at=now + REFRESH_LIFETIME
    )
    account = await accounts.by_id(user_id) if user_id else None
    if account is None:
        raise Unauthenticated(
            "the refresh token is unknown, used or expired; sign in again",
            code="refresh_token_invalid",
        )
    return _signed_in(account, token, tokens, now)


def _signed_in(account: Account, refresh_token: str, tokens: Tokens, now: datetime) -> SignedIn:
    caller = Caller(
        user_id=account.user_id, organization_id=account.organization_id, role=account.role
    )
    return SignedIn(
        account=account,
        access_token=tokens.sign(caller, now=now),
        refresh_token=refresh_token,
        expires_in=round(tokens.lifetime.total_seconds()),
    )
