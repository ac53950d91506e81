"""Scheduled actions of a database, and which methods they call."""

import ast
from dataclasses import dataclass

from ocore.odoo.parsing import syntax_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """An active scheduled action (`ir.cron`) that runs code on a model.

    Data with its `xmlid` changes it at an update, unless it is `noupdate` in the database. None:
    a person made it.
    """

    name: str
    model: str
    code: str
    xmlid: str | None = None
    noupdate: bool = False


def calls(code: str) -> tuple[str, ...]:
    """Return the methods of its model that an action calls, one after the other.

    Empty where it does more than that: then its text does not tell what it needs.
    """
    tree = syntax_tree(code.strip().encode(errors="surrogatepass"))
    found = [_called(statement) for statement in tree.body] if tree else []
    return tuple(name for name in found if name) if all(found) else ()


def _called(statement: ast.stmt) -> str | None:
    """Return the method that a statement `model.method(...)` calls."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="model"), attr=name))):
            return name
        case _:
            return None
