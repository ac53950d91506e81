"""What others need to check the statements that this platform signs."""

from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from ocore.api.services import Services

PEM: Final = "application/x-pem-file"
_ANSWER: Final = {
    200: ResponseSpec(
        str, description="An Ed25519 key in PEM.", media_type=PEM, generate_examples=False
    )
}


@get(
    "/public-key",
    summary="Get the key that statements are signed with",
    tags=["Platform"],
    responses=_ANSWER,
    media_type=PEM,
)
async def public_key(services: NamedDependency[Services]) -> Response[bytes]:
    """Return the public half; nobody needs an account to check what they were handed."""
    return Response(services.signer.public_key.encode(), media_type=PEM)
