"""What migration scripts would destroy, read from the SQL that they hold as text."""

import ast
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Final

import sqlglot
from sqlglot import exp

from ocore.odoo.facts import Statement

_REMOVERS: Final = frozenset(
    {"drop_columns", "remove_field", "remove_model", "remove_module", "uninstall_module"}
)
"""Helpers of openupgradelib and upgrade-util that destroy by themselves."""

_RUNS_SQL: Final = frozenset({"execute", "logged_query", "executemany", "explode_execute"})
_DESTRUCTIVE: Final = re.compile(r"(?i)\b(drop|delete|truncate|update)\b")
_HOLE: Final = re.compile(r"%\(\w+\)s|%s|\{\w*\}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_.]*")
_PLACEHOLDER: Final = "ocore_hole"

# sqlglot tells its logger of each statement that it cannot take apart; we read the answer instead.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


def statements_in(tree: ast.Module, file: str) -> Iterator[Statement]:
    """Yield what would take rows, columns or tables away."""
    constants = _constants(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
        if name in _REMOVERS:
            yield Statement(name, file, node.lineno, ast.unparse(node)[:300])
        elif name in _RUNS_SQL:
            for argument in node.args[:2]:
                text = _text(argument, constants)
                if text and _DESTRUCTIVE.search(text):
                    yield from _destructive(text, file, node.lineno)


def words_in(tree: ast.Module) -> tuple[str, ...]:
    """Return the lower-case words of all literals: the names a script could be about."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(_WORD.findall(node.value))
    return tuple(sorted(found))


def _destructive(sql: str, file: str, line: int) -> Iterator[Statement]:
    try:
        parsed = sqlglot.parse(_HOLE.sub(_PLACEHOLDER, sql), dialect="postgres")
    except (sqlglot.ParseError, sqlglot.errors.TokenError, RecursionError):
        return
    for statement in parsed:
        kind = None if statement is None else _kind(statement)
        if kind:
            yield Statement(kind, file, line, " ".join(sql.split())[:300])


def _kind(statement: exp.Expr) -> str | None:
    """Return what a statement takes away, in its own words; None when it keeps everything."""
    if isinstance(statement, exp.Drop):
        kind = str(statement.args.get("kind") or "").upper()
        return f"DROP {kind}" if kind in {"TABLE", "SCHEMA", "DATABASE"} else None
    if isinstance(statement, exp.TruncateTable):
        return "TRUNCATE"
    if isinstance(statement, exp.Delete):
        return "DELETE"
    if isinstance(statement, exp.Update):
        narrowed = statement.args.get("where") or statement.args.get("from_")
        return None if narrowed or statement.args.get("from") else "UPDATE without WHERE"
    if isinstance(statement, exp.Alter):
        drops = [each for each in statement.args.get("actions") or () if _drops_column(each)]
        return "DROP COLUMN" if drops else None
    return None


def _drops_column(action: exp.Expression) -> bool:
    return isinstance(action, exp.Drop) and str(action.args.get("kind")).upper() == "COLUMN"


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that the file binds to a name once and for all."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            name, text = _name(node.targets[0]), _text(node.value, {})
            if name and text:
                found[name] = text
    return found


def _text(node: ast.expr, constants: Mapping[str, str]) -> str | None:
    """Return the text of an expression, with a placeholder for what is not written out."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else _PLACEHOLDER
            for part in node.values
        )
    if isinstance(node, ast.BinOp):
        return _of_operator(node, constants)
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    return _of_call(node, constants) if isinstance(node, ast.Call) else None


def _of_operator(node: ast.BinOp, constants: Mapping[str, str]) -> str | None:
    """Return the text before `%`, or both sides of `+`."""
    left = _text(node.left, constants)
    if isinstance(node.op, ast.Mod):
        return left
    right = _text(node.right, constants)
    return f"{left or _PLACEHOLDER}{right or _PLACEHOLDER}" if left or right else None


def _of_call(node: ast.Call, constants: Mapping[str, str]) -> str | None:
    """Return the text inside `SQL(…)`, and before `.format(…)`."""
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _text(node.func.value, constants)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else _name(node.func)
    return _text(node.args[0], constants) if name == "SQL" and node.args else None


def _name(node: ast.expr) -> str | None:
    return node.id if isinstance(node, ast.Name) else None
