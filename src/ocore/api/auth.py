"""Who is asking: bearer tokens on every route that is not public, sign-in and refresh."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, post
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody

from ocore.access import Caller
from ocore.access.accounts import Account
from ocore.access.passwords import LONGEST_PASSWORD
from ocore.access.signin import Attempts, SignedIn, refresh, sign_in
from ocore.api.problems import documented
from ocore.api.schemas import Body, LineText, View, answer_of, json_answer
from ocore.api.services import Services
from ocore.errors import Unauthenticated

_SCHEME: Final = "bearer"


class LoginBody(Body):
    """An account's address and password."""

    email: Annotated[LineText, msgspec.Meta(min_length=3, max_length=254)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_PASSWORD)]


class RefreshBody(Body):
    """The refresh token of the last sign-in or refresh. It works once."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class User(View):
    """The signed-in user and the organization they act in."""

    id: str
    email: str
    name: str
    role: str
    organization_id: str
    organization_slug: str


class SessionView(View):
    """A pair of tokens. `expiresIn` is the life of the access token in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str
    user: User


async def signed_in(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """Let only requests with a good bearer token pass, and note who it speaks for."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _SCHEME or not token:
        raise Unauthenticated(
            "send an access token as `Authorization: Bearer <token>`", code="token_missing"
        )
    services: Services = connection.app.state.services
    connection.scope["user"] = services.tokens.read(token.strip())


def caller(request: Request[Any, Any, Any]) -> Caller:
    """Return who is asking, as the guard noted."""
    found: Caller = request.scope["user"]
    return found


@post(
    "/login",
    status_code=200,
    summary="Sign in",
    responses={200: answer_of(SessionView)} | documented(400, 401, 413, 429),
)
async def login(
    request: Request[Any, Any, Any],
    data: JSONBody[LoginBody],
    services: NamedDependency[Services],
    attempts: NamedDependency[Attempts],
) -> Response[bytes]:
    """Exchange email and password for an access token (1 h) and a refresh token (30 d)."""
    address = request.client.host if request.client else ""
    now = services.now()
    attempts.begin(address, data.email, now=now)
    session = await sign_in(
        data.email, data.password, accounts=services.accounts, tokens=services.tokens, now=now
    )
    attempts.forgive(address, data.email)
    return _answer(session)


@post(
    "/refresh",
    status_code=200,
    summary="Refresh a session",
    responses={200: answer_of(SessionView)} | documented(400, 401, 413),
)
async def renew(
    data: JSONBody[RefreshBody], services: NamedDependency[Services]
) -> Response[bytes]:
    """Exchange a refresh token for a new pair. Using one twice ends the whole session."""
    session = await refresh(
        data.refresh_token,
        accounts=services.accounts,
        tokens=services.tokens,
        now=services.now(),
    )
    return _answer(session)


def _answer(session: SignedIn) -> Response[bytes]:
    return json_answer(
        SessionView(
            access_token=session.access_token,
            refresh_token=session.refresh_token,
            expires_in=session.expires_in,
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            user=_user(session.account),
        ),
        headers={"Cache-Control": "no-store"},
    )


def _user(account: Account) -> User:
    return User(
        id=account.user_id,
        email=account.email,
        name=account.name,
        role=account.role,
        organization_id=account.organization_id,
        organization_slug=account.organization_slug,
    )


router = Router("/auth", route_handlers=[login, renew], tags=["Sign-in"])
