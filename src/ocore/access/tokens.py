"""Access tokens (JWT, RFC 7519) and refresh tokens."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

import jwt

from ocore.access import Caller, Role
from ocore.errors import Unauthenticated

ACCESS_LIFETIME: Final = timedelta(hours=1)
REFRESH_LIFETIME: Final = timedelta(days=30)

_ALGORITHM: Final = "HS256"
_ISSUER: Final = "ocore"
_AUDIENCE: Final = "ocore-api"
_CLAIMS: Final = ["iss", "aud", "exp", "iat", "sub", "org", "role"]
_SHORTEST_SECRET: Final = 32


class Tokens:
    """Signs and reads access tokens. ValueError: the secret is under 32 bytes (RFC 7518 §3.2)."""

    def __init__(self, secret: str, *, lifetime: timedelta = ACCESS_LIFETIME) -> None:
        if len(secret.encode()) < _SHORTEST_SECRET:
            raise ValueError(f"the token secret needs at least {_SHORTEST_SECRET} bytes")
        self._secret = secret
        self.lifetime = lifetime

    def sign(self, caller: Caller, *, now: datetime) -> str:
        """Return a token that speaks for the caller until its lifetime is over."""
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + self.lifetime,
            "sub": caller.user_id,
            "org": caller.organization_id,
            "role": str(caller.role),
        }
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def read(self, token: str) -> Caller:
        """Return who the token speaks for; Unauthenticated when it is not ours, or is over."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                options={"require": _CLAIMS},
            )
            return Caller(
                user_id=claims["sub"],
                organization_id=str(claims["org"]),
                role=Role(claims["role"]),
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated(
                "the token has expired; refresh it or sign in again", code="token_expired"
            ) from error
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthenticated(
                "the token is not valid; sign in again", code="token_invalid"
            ) from error


def new_refresh_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_of(refresh_token: str) -> str:
    """Return what is kept of a refresh token; it needs no salt, being random."""
    return hashlib.sha256(refresh_token.encode()).hexdigest()
