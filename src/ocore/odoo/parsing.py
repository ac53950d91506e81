"""Files of a module that do not parse, found before Odoo meets them."""

import ast
import os
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.parsers import expat

_NEVER_LOADED: Final = frozenset({"lib", "node_modules"})
# compile() reports doubtful escapes through the warnings machinery, whose filters are global.
_ONE_AT_A_TIME: Final = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenFile:
    """A file that does not parse. `path` is relative to the module; `line` counts from 1."""

    path: str
    line: int | None
    reason: str


def broken_files(module: Path) -> Iterator[BrokenFile]:
    """Yield what Python or Odoo would stumble over, in the order of paths.

    Python is judged by the version that runs us. Left out: libraries for the browser, and XML of
    tests, which is often broken on purpose and which no update loads.
    """
    for path in _files(module):
        name = path.relative_to(module).as_posix()
        if path.suffix == ".py":
            broken = python_error(path.read_bytes(), name)
        elif path.suffix == ".xml" and not name.startswith("tests/"):
            broken = xml_error(path.read_bytes(), name)
        else:
            continue
        if broken is not None:
            yield broken


def python_error(source: bytes, path: str) -> BrokenFile | None:
    """Return why this is no Python, or None. Nothing of it is run."""
    try:
        _compile(source, path, 0)
    except SyntaxError as failure:
        reason = f"{type(failure).__name__}: {failure.msg}"
        return BrokenFile(path=path, line=failure.lineno, reason=reason)
    except (ValueError, RecursionError, MemoryError) as failure:
        return BrokenFile(path=path, line=None, reason=f"not Python: {failure}")
    return None


def xml_error(source: bytes, path: str) -> BrokenFile | None:
    """Return why this is no well-formed XML, or None. Entities are never expanded."""
    parser = expat.ParserCreate()
    # With this handler in place expat hands references over instead of expanding them.
    parser.DefaultHandler = _ignore
    try:
        parser.Parse(source, True)  # noqa: FBT003 - positional only
    except expat.ExpatError as failure:
        reason = expat.ErrorString(failure.code) or "not well-formed"
        return BrokenFile(path=path, line=failure.lineno, reason=reason)
    except (ValueError, LookupError):
        # An encoding that expat does not know; Odoo's parser may.
        return None
    return None


def syntax_tree(source: bytes) -> ast.Module | None:
    """Return the syntax tree of a Python file; None when it has none."""
    try:
        tree = _compile(source, "<source>", ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if isinstance(tree, ast.Module) else None


def _compile(source: bytes, path: str, flags: int) -> object:
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result: object = compile(source, path, "exec", flags=flags, dont_inherit=True)
        return result


def _ignore(_data: str) -> None:
    return


def _files(module: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(module):
        folders[:] = sorted(
            name for name in folders if name not in _NEVER_LOADED and not name.startswith(".")
        )
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_file():
                yield path
