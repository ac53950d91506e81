"""`ocore.toml` at the root of a repository: what its authors want of the checks."""

import re
import tomllib
from typing import Annotated, Any, Final, Literal

import msgspec

FILE_NAME: Final = "ocore.toml"
_PLACE: Final = re.compile(r" - at `\$(.*)`$")
_AT_LINE: Final = re.compile(r"\(at line (\d+), column \d+\)$")
_KEY: Final = re.compile(r"(?:code\.)?[a-z_]+")
_UNKNOWN: Final = re.compile(r"unknown field `(.+?)`")

Pattern = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        description="Shell pattern of paths from the root of the repository",
        examples=["vendor/*"],
    ),
]
SmokePath = Annotated[
    str, msgspec.Meta(pattern="^/", max_length=200, examples=["/shop"], description="URL path")
]


TestSpec = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(\w+|/\w+(:\w+)?(\.\w+)?)$",
        max_length=200,
        description="What Odoo's --test-tags takes, without a sign",
        examples=["/library_loans:TestBook.test_a_book_has_a_name"],
    ),
]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of tables: a key we do not know is refused, not ignored."""


class Excluding(_Table, frozen=True):
    """Options of one gate: `exclude` names files of which it reports nothing."""

    exclude: Annotated[tuple[Pattern, ...], msgspec.Meta(max_length=100)] = ()


class GateOptions(
    _Table, frozen=True, rename={"code_static": "code.static", "code_secrets": "code.secrets"}
):
    """Options by gate."""

    code_static: Excluding = Excluding()
    code_secrets: Excluding = Excluding()


class Tests(_Table, frozen=True):
    """Options of the tests: `exclude` names those that are not run in a rehearsal."""

    exclude: Annotated[tuple[TestSpec, ...], msgspec.Meta(max_length=100)] = ()


class Configuration(_Table, frozen=True):
    """What `ocore.toml` may say.

    `profile` may ask for more checks than the environment does, never for fewer. `smoke_paths`
    are asked for before traffic goes to a new version, beside those of the instance.
    `hold_seconds` is how long requests wait during an update before users see a maintenance page.
    """

    profile: Literal["development", "staging", "production"] | None = None
    smoke_paths: Annotated[tuple[SmokePath, ...], msgspec.Meta(max_length=20)] = ()
    hold_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] | None = None
    gates: GateOptions = GateOptions()
    tests: Tests = Tests()


class BadConfiguration(ValueError):
    """The file says something that means nothing. `line` counts from 1, where it is known."""

    def __init__(self, reason: str, *, line: int | None) -> None:
        place = f"{FILE_NAME} line {line}" if line else FILE_NAME
        super().__init__(f"{place}: {reason}")
        self.line = line


def parse_configuration(text: str | None) -> Configuration:
    """Return what the file says; the defaults where there is none."""
    if text is None:
        return Configuration()
    try:
        return msgspec.convert(tomllib.loads(text), Configuration)
    except tomllib.TOMLDecodeError as failure:
        where = _AT_LINE.search(str(failure))
        # Without a place the mistake is at the end of the document.
        line = int(where[1]) if where else max(1, len(text.splitlines()))
        raise BadConfiguration(f"no valid TOML: {failure}", line=line) from failure
    except msgspec.ValidationError as failure:
        keys, reason = _keys(str(failure))
        name = f"{'.'.join(keys)}: " if keys else ""
        raise BadConfiguration(f"{name}{reason}", line=_line(text, keys)) from failure


def schema() -> dict[str, Any]:
    """Return the JSON schema of the file."""
    described = msgspec.json.schema(Configuration)
    for table in described["$defs"].values():
        table["description"] = " ".join(table["description"].split())
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": FILE_NAME} | (
        described
    )


def _keys(message: str) -> tuple[list[str], str]:
    """Return the keys that lead to what is wrong, and what is wrong with it."""
    place = _PLACE.search(message)
    reason = _PLACE.sub("", message)
    path = place[1] if place else ""
    keys: list[str] = _KEY.findall(path)
    unknown = _UNKNOWN.search(reason)
    if unknown:
        return [*keys, unknown[1]], "unknown key"
    return keys, reason


def _line(text: str, keys: list[str]) -> int | None:
    """Return the line on which the last of the keys stands."""
    if not keys:
        return None
    quoted = re.escape(keys[-1])
    as_key = re.compile(rf"^\s*([\w\".-]+\.)?[\"']?{quoted}[\"']?\s*=")
    as_table = re.compile(rf"^\s*\[.*[\"'.\[]?{quoted}[\"']?[\].]")
    for pattern in (as_key, as_table):
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.match(line):
                return number
    return None
