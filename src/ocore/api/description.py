"""The API's description (OpenAPI 3.1), made from the types that decide what comes in and goes out.

The framework describes the paths. The schemas are msgspec's own: what it checks is what is said,
down to the pattern of a list's items and the refusal of unknown fields.
"""

from functools import cache
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import Method

from ocore.api.problems import Problem
from ocore.api.schemas import Body, Json, View

BEARER: Final = "bearer"
_SCHEME: Final = SecurityScheme(
    type="http", scheme="bearer", bearer_format="JWT", description="The access token of a sign-in."
)
_REFERENCE: Final = "#/components/schemas/{name}"


def described(*, version: str) -> OpenAPIConfig:
    """Return how the description is made and where it is found."""
    return OpenAPIConfig(
        title="oCore",
        version=version,
        description="Puts a git ref of Odoo modules live; takes code and data back in one call.",
        # Not below /api as a whole: the framework answers unknown paths there with HTML.
        path="/api/openapi.json",
        render_plugins=[_Exact(path="/")],
        components=Components(security_schemes={BEARER: _SCHEME}),
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )


class _Exact(JsonRenderPlugin):
    """Renders the framework's description with exact schemas."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        return super().render(request, exact(openapi_schema))


def exact(description: Json) -> Json:
    """Return the description with msgspec's schemas and without headers that could be null."""
    known = _schemas()
    components = description["components"]
    schemas = {name: known[name] for name in components["schemas"]}
    paths = {
        path: {method: _operation(each) for method, each in operations.items()}
        for path, operations in description["paths"].items()
    }
    return {**description, "paths": paths, "components": {**components, "schemas": schemas}}


def _operation(operation: Json) -> Json:
    parameters = operation.get("parameters")
    if parameters is None:
        return operation
    return {**operation, "parameters": [_parameter(each) for each in parameters]}


def _parameter(parameter: Json) -> Json:
    """Leave out null: a header or a parameter is there, as text, or it is not."""
    choices = [each for each in parameter["schema"].get("oneOf", ()) if each["type"] != "null"]
    if len(choices) != 1:
        return parameter
    rest = {key: each for key, each in parameter["schema"].items() if key != "oneOf"}
    return {**parameter, "schema": {**choices[0], **rest}}


@cache
def _schemas() -> dict[str, Json]:
    types = [*_below(Body), *_below(View), Problem]
    _, schemas = msgspec.json.schema_components(types, ref_template=_REFERENCE)
    return schemas


def _below(base: type[msgspec.Struct]) -> list[type[msgspec.Struct]]:
    return [each for sub in base.__subclasses__() for each in (sub, *_below(sub))]


def _operation_id(handler: HTTPRouteHandler, _method: Method, _path: list[Any]) -> str:
    first, *others = handler.handler_name.split("_")
    return first + "".join(word.title() for word in others)
