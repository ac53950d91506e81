"""What the API says when it says no: problem details (RFC 9457)."""

import re
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import ParameterKwarg
from msgspec import inspect

from ocore.access.signin import TooManyAttempts
from ocore.errors import (
    Conflict,
    Forbidden,
    Impossible,
    Malformed,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
)
from ocore.kit.ids import uuid7

log = structlog.get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"

STATUS: Final[dict[type[Refused], int]] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Impossible: 422,
    TooManyAttempts: 429,
}
"""Every refusal has a status here, or it is a bug."""

_CODES: Final = {
    400: "malformed_request",
    404: "no_such_path",
    405: "method_not_allowed",
    413: "body_too_large",
    503: "unavailable",
}
_RETRY_SECONDS: Final = 5
_UNKNOWN_FIELD: Final = re.compile(r"unknown field `(?P<name>[^`]*)`")
_MISSING_FIELD: Final = re.compile(r"missing required field `(?P<name>[^`]*)`")
_MISSING_PARAMETER: Final = re.compile(r"^Missing required \w+ parameter '(?P<name>[^']*)'")
_SHAPE: Final = re.compile(r"Invalid enum value|Expected `str` matching regex")
"""What msgspec says in a way that nobody can act on."""
_PLACE: Final = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")


class Problem(msgspec.Struct, kw_only=True):
    """Why a request was refused, and what to do about it. `code` is stable, for programs."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    instance: str


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """Return the OpenAPI answers for these error statuses."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=HTTPStatus(status).phrase,
            media_type=MEDIA_TYPE,
            generate_examples=False,
        )
        for status in statuses
    }


def malformed_body(error: msgspec.DecodeError | UnicodeDecodeError, wanted: Any) -> Malformed:
    """Say what is wrong with a request body, and in which field of what was wanted."""
    if not isinstance(error, msgspec.ValidationError):
        return Malformed(f"the body is not JSON: {error}", code="malformed_json")
    message = str(error)
    found = _PLACE.search(message)
    place = found["place"] if found else ""
    sentence = _PLACE.sub("", message)
    for pattern, code in ((_UNKNOWN_FIELD, "unknown_field"), (_MISSING_FIELD, "field_missing")):
        if match := pattern.search(sentence):
            field = f"{place}.{match['name']}" if place else match["name"]
            return Malformed(f"{sentence}", code=code, field=field)
    if _SHAPE.match(sentence) and (said := expected(wanted, place)):
        sentence = f"must be {said}"
    return Malformed(f"{place or 'body'}: {sentence}", code="malformed_field", field=place or None)


def expected(wanted: Any, place: str) -> str | None:
    """Return in words what a field of a body takes, where its type has words for it."""
    body = inspect.type_info(wanted)
    fields = body.fields if isinstance(body, inspect.StructType) else ()
    name = place.partition("[")[0]
    return next((_words(each.type) for each in fields if each.encode_name == name), None)


def _words(kind: inspect.Type) -> str | None:
    match kind:
        case inspect.UnionType(types=kinds):
            return next(filter(None, map(_words, kinds)), None)
        case inspect.ListType(item_type=item):
            return _words(item)
        case inspect.Metadata(type=bare, extra_json_schema=schema):
            return (schema or {}).get("description") or _words(bare)
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(map(str, values))}"
        case inspect.EnumType(cls=cls):
            return f"one of {', '.join(each.value for each in cls)}"
        case _:
            return None


def problem(request: Request[Any, Any, Any], status: int, **details: Any) -> Response[bytes]:
    """Return an answer with the problem; `details` are its `detail`, `code` and `field`."""
    body = Problem(
        title=HTTPStatus(status).phrase, status=status, instance=request.url.path, **details
    )
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
    )


def on_refused(request: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    status = STATUS[type(error)]
    answer = problem(request, status, detail=str(error), code=error.code, field=error.field)
    if isinstance(error, Unauthenticated):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="ocore"'
    elif isinstance(error, TooManyAttempts):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def on_unavailable(request: Request[Any, Any, Any], error: Unavailable) -> Response[bytes]:
    """Say that it may work in a moment; the log knows what psycopg said."""
    log.warning("records away", path=request.url.path, reason=str(error))
    detail = "the platform's database does not answer; try again in a moment"
    answer = problem(request, 503, detail=detail, code="unavailable")
    answer.headers["Retry-After"] = str(_RETRY_SECONDS)
    return answer


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Say in our words what the framework refused."""
    field, reason = _first_complaint(request, error)
    status = error.status_code
    detail = f"{field}: {reason}" if field else (reason or error.detail or "")
    code = "malformed_parameter" if field else _CODES.get(status, "refused")
    answer = problem(request, status, detail=detail, code=code, field=field)
    for name, value in (error.headers or {}).items():
        answer.headers[name.title()] = value
    return answer


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Log the bug under an id and tell only the id."""
    error_id = uuid7()
    # As text: a renderer that is handed the exception may print local variables, and so secrets.
    told = "".join(traceback.format_exception(error))
    log.error("request failed", error_id=error_id, path=request.url.path, exception=told)
    return problem(
        request,
        500,
        detail=f"something broke on our side; the API's log has it under {error_id}",
        code="internal_error",
    )


def _first_complaint(
    request: Request[Any, Any, Any], error: HTTPException
) -> tuple[str | None, str | None]:
    """Return the field that was refused first, by its name on the wire, and why."""
    if missing := _MISSING_PARAMETER.search(error.detail or ""):
        return missing["name"], "this parameter is required"
    first = error.extra[0] if isinstance(error.extra, list) and error.extra else None
    if not isinstance(first, Mapping):
        return None, None
    reason = str(first.get("message", ""))
    argument = first.get("key")
    if argument == "data":
        # What a body says is judged where it is read; this one says nothing.
        return None, "the body is empty, and must be JSON"
    if argument is None:
        return None, reason
    known = request.route_handler.parsed_fn_signature.parameters.get(argument)
    definition = known.kwarg_definition if known else None
    named = definition.name if isinstance(definition, ParameterKwarg) else None
    return named or argument, reason
