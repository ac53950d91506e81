"""Names of methods: what a class binds, what code sets from outside, and what every model has."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ocore.odoo.parsing import syntax_tree

_ORM: Final = ("orm/models.py", "orm/models_transient.py", "models.py")
"""Where `BaseModel` is: in `orm` from Odoo 19 on, relative to the package `odoo`."""

_SETTERS: Final = frozenset({"setattr", "_patch_method"})
_CALLABLE: Final = (ast.Name, ast.Attribute, ast.Lambda, ast.Call)


def methods_in(node: ast.ClassDef) -> tuple[str, ...]:
    """Return the names that the body of a class binds to what may be called."""
    return tuple(sorted(set(_bound(node))))


def patches_in(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that code sets on other objects than `self`."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if not (isinstance(node.value, ast.Name) and node.value.id == "self"):
                yield node.attr
        elif isinstance(node, ast.Call) and _name_of(node.func) in _SETTERS:
            yield from (
                each.value
                for each in node.args
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def orm_methods(odoo: Path) -> frozenset[str]:
    """Return the methods that every model has; none where Odoo is not as we know it."""
    trees = [syntax_tree(path.read_bytes()) for name in _ORM if (path := odoo / name).is_file()]
    return frozenset(
        name
        for tree in trees
        for node in (ast.walk(tree) if tree else ())
        if isinstance(node, ast.ClassDef)
        for name in _bound(node)
    )


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield what a body binds, also inside of `if`, `try` and the like, not inside of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield child.name
        elif isinstance(child, ast.alias):
            yield child.asname or child.name
        elif isinstance(child, ast.Assign | ast.AnnAssign) and isinstance(child.value, _CALLABLE):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))
        elif isinstance(child, ast.stmt | ast.ExceptHandler):
            yield from _bound(child)


def _name_of(function: ast.expr) -> str | None:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else None
