"""Module manifests: parsed without running them, and checked item by item.

manifestoo-core's own parser names no line and does not look into its lists, so only its check of
the dictionary is used here.
"""

import ast
import io
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from manifestoo_core.exceptions import InvalidManifest
from manifestoo_core.manifest import Manifest as RawManifest

from ocore.odoo.versions import full_version

FILE_NAME: Final = "__manifest__.py"
_DEFAULT_VERSION: Final = "1.0"


class Unreadable(ValueError):
    """Something in a file that Odoo cannot read. `line` counts from 1."""

    def __init__(self, reason: str, *, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says, with Odoo's defaults filled in."""

    version: str
    installable: bool
    auto_install: bool
    depends: tuple[str, ...]
    python_dependencies: tuple[str, ...]
    binary_dependencies: tuple[str, ...]
    data: tuple[str, ...]
    demo: tuple[str, ...] = ()


def read_manifest(path: Path, *, series: str) -> Manifest:
    """Return the manifest in this file. Unreadable says why Odoo could not."""
    values, lines = _evaluate(_source(path))
    try:
        raw = RawManifest.from_dict(values)
        external = raw.external_dependencies
    except InvalidManifest as failure:
        raise Unreadable(str(failure)) from failure
    installable = bool(values.get("installable", True))
    return Manifest(
        version=_version(values, lines, series=series, installable=installable),
        installable=installable,
        auto_install=_auto_install(values.get("auto_install", False)),
        depends=_words(values.get("depends"), "depends", lines) or ("base",),
        python_dependencies=_words(external.get("python"), "external_dependencies", lines),
        binary_dependencies=_words(external.get("bin"), "external_dependencies", lines),
        data=_words(values.get("data"), "data", lines),
        demo=_words(values.get("demo"), "demo", lines),
    )


def _source(path: Path) -> str:
    try:
        content = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as failure:
        raise Unreadable(f"not text in the encoding it declares: {failure}") from failure
    except OSError as failure:
        raise Unreadable(f"it cannot be opened: {failure.strerror}") from failure


def _evaluate(source: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the values and the line of each key."""
    try:
        tree = ast.parse(source.lstrip(" \t"), mode="eval")
    except SyntaxError as failure:
        raise Unreadable(f"SyntaxError: {failure.msg}", line=failure.lineno) from failure
    except (ValueError, RecursionError, MemoryError) as failure:
        raise Unreadable(f"not Python that can be parsed: {failure}") from failure
    if not isinstance(tree.body, ast.Dict):
        raise Unreadable("it must be one dictionary and nothing else", line=tree.body.lineno)
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key, value in zip(tree.body.keys, tree.body.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise Unreadable("each key must be a string", line=value.lineno)
        values[key.value] = _literal(value, key.value)
        lines[key.value] = value.lineno
    return values, lines


def _literal(node: ast.expr, key: str) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError) as failure:
        reason = f"the value of {key!r} is an expression; Odoo accepts only literals"
        raise Unreadable(reason, line=node.lineno) from failure


def _version(
    values: Mapping[str, Any], lines: Mapping[str, int], *, series: str, installable: bool
) -> str:
    written = str(values.get("version", _DEFAULT_VERSION))
    try:
        return full_version(written, series=series)
    except ValueError as failure:
        if not installable:
            return written
        raise Unreadable(str(failure), line=lines.get("version")) from failure


def _auto_install(value: Any) -> bool:
    # An empty list is a condition too: Odoo then installs the module always.
    return isinstance(value, list | tuple | set) or bool(value)


def _words(value: Any, key: str, lines: Mapping[str, int]) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple | set):
        raise Unreadable(f"{key!r} must be a list of strings", line=lines.get(key))
    wrong = [item for item in value if not isinstance(item, str)]
    if wrong:
        reason = f"{key!r} must be a list of strings, but holds {wrong[0]!r}"
        raise Unreadable(reason, line=lines.get(key))
    return tuple(value)
