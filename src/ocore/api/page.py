"""The page on which people try the API: Swagger UI, served by us alone.

Somebody pastes a token into this page, so nothing of it comes from another server.
"""

import importlib.util
from pathlib import Path
from typing import Final

from litestar import MediaType, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

_PACKAGE: Final = "swagger_ui"
"""Only its files are used: distribution swagger-ui-py carries them for any server."""
_FILES: Final = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>oCore API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="api"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
"""
_START: Final = """\
SwaggerUIBundle({
  url: "openapi.json", dom_id: "#api", deepLinking: true, tryItOutEnabled: true,
  persistAuthorization: false, validatorUrl: null,
});
"""


@get("/", include_in_schema=False, media_type=MediaType.HTML)
async def page() -> Response[str]:
    """Answer the page."""
    return Response(_PAGE, headers=_HEADERS)


@get("/start.js", include_in_schema=False)
async def start() -> Response[str]:
    """Answer what the page runs: its own script, for inline ones are forbidden to it."""
    return Response(_START, media_type="text/javascript", headers=_HEADERS)


@get("/{name:str}", include_in_schema=False)
async def file(name: FromPath[str]) -> File:
    """Answer one of Swagger UI's files."""
    if name not in _FILES:
        raise NotFoundException
    return File(
        _folder() / name,
        media_type=_FILES[name],
        headers=_HEADERS,
        content_disposition_type="inline",
    )


def _folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise LookupError(f"the package {_PACKAGE} is not installed")
    return Path(spec.origin).parent / "static"


router: Final = Router("/docs", route_handlers=[page, start, file])
