"""Models and fields, read from the nodes of a Python file's syntax tree."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ocore.odoo.facts import FieldFacts, ModelFacts
from ocore.odoo.facts.methods import methods_in

_KINDS: Final = {"Model": "model", "TransientModel": "transient", "AbstractModel": "abstract"}
_NAMED_AFTER_CLASS: Final = re.compile(r"(?<=[^_])([A-Z])")
_COMODEL_TYPES: Final = frozenset({"Many2one", "One2many", "Many2many", "Many2oneReference"})


def read_models(nodes: Iterable[ast.AST], file: str) -> Iterator[ModelFacts]:
    """Yield the classes of models, wherever the file defines them."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            model = _model(node, file)
            if model is not None:
                yield model


def makes_external_ids(nodes: Iterable[ast.AST]) -> bool:
    """Say whether the code may make records of `ir.model.data` that no data file names."""
    for node in nodes:
        if isinstance(node, ast.Attribute) and node.attr in {"_update_xmlids", "_load_records"}:
            return True
        if isinstance(node, ast.Constant) and node.value == "ir.model.data":
            return True
    return False


def nameless_classes(nodes: Iterable[ast.AST]) -> Iterator[ast.ClassDef]:
    """Yield the classes that take the name of their model from an expression."""
    for node in nodes:
        if isinstance(node, ast.ClassDef) and _kind(node) is not None:
            named = dict(_bindings(node)).get("_name")
            if named is not None and _text(named) is None:
                yield node


def _model(node: ast.ClassDef, file: str) -> ModelFacts | None:
    bound = dict(_bindings(node))
    kind = _kind(node)
    if kind is None and "_inherit" not in bound and "_name" not in bound:
        return None
    parents, parents_known = _parents(bound.get("_inherit"))
    name = _name(node, bound, parents)
    if name is None or _literal(bound.get("_register")) is False:
        return None
    fields = tuple(
        field for key, value in bound.items() if (field := _field(key, value, file)) is not None
    )
    known = {field.name for field in fields}
    delegates = _literal(bound.get("_inherits"))
    return ModelFacts(
        name=name,
        file=file,
        line=node.lineno,
        kind=kind or "model",
        parents=parents,
        delegates=_pairs(delegates),
        table=_text(bound.get("_table")),
        auto=_literal(bound.get("_auto")) is not False,
        fields=fields,
        loose=tuple(
            key for key in bound if key not in known and not key.startswith("_") and key.islower()
        ),
        open=not parents_known or (kind is None and bool(node.bases) and not parents),
        methods=methods_in(node),
        foreign=not parents_known or _is_foreign(node),
    )


def _bindings(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield what the class body binds, also inside `if` and `try`."""
    waiting: list[ast.stmt] = list(node.body)
    while waiting:
        statement = waiting.pop(0)
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            if isinstance(statement.target, ast.Name):
                yield statement.target.id, statement.value
        elif isinstance(statement, ast.If | ast.Try):
            waiting.extend(statement.body)
            waiting.extend(statement.orelse)


def _kind(node: ast.ClassDef) -> str | None:
    return next((_KINDS[name] for name in _bases(node) if name in _KINDS), None)


def _is_foreign(node: ast.ClassDef) -> bool:
    """Say whether the class has methods of other classes, or is made in a way of its own."""
    made = bool(node.keywords or node.decorator_list)
    return made or any(name not in _KINDS for name in _bases(node))


def _bases(node: ast.ClassDef) -> Iterator[str | None]:
    for base in node.bases:
        yield base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", None)


def _name(
    node: ast.ClassDef, bound: Mapping[str, ast.expr], parents: tuple[str, ...]
) -> str | None:
    """Return the model's name by the rules of odoo/orm/models.py, `MetaModel.__new__`."""
    if "_name" in bound:
        return _text(bound["_name"])
    inherit = bound.get("_inherit")
    if isinstance(inherit, ast.Constant):
        return parents[0] if parents else None
    if len(parents) == 1:
        # Up to Odoo 18 a list of one parent is the model too; from 19 on the class names it.
        return parents[0]
    if _kind(node) is None or (inherit is None and node.name.startswith("_")):
        return None
    return _NAMED_AFTER_CLASS.sub(r".\1", node.name).lower()


def _parents(node: ast.expr | None) -> tuple[tuple[str, ...], bool]:
    """Return the parents, and whether these are all."""
    if node is None:
        return (), True
    value = _literal(node)
    if isinstance(value, str):
        return (value,), True
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value), True
    return (), False


def _field(name: str, value: ast.expr, file: str) -> FieldFacts | None:
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return None
    module = value.func.value
    if not isinstance(module, ast.Name) or module.id != "fields":
        return None
    kind = value.func.attr
    if not kind[:1].isupper() or kind in {"Command", "Domain"}:
        return None
    given = {each.arg: each.value for each in value.keywords if each.arg}
    selection = given.get("selection") or (value.args[0] if value.args else None)
    return FieldFacts(
        name=name,
        type=kind,
        file=file,
        line=value.lineno,
        comodel=_comodel(kind, value, given),
        related=_text(given.get("related")),
        compute="compute" in given,
        store=_flag(given.get("store")),
        required=_flag(given.get("required")),
        default="default" in given,
        company_dependent=_flag(given.get("company_dependent")) is True,
        size=_number(given.get("size")),
        table=_text(given.get("relation")),
        selection=_choices(selection) if kind == "Selection" else None,
        selection_add=_choices(given.get("selection_add")) or (),
    )


def _comodel(kind: str, call: ast.Call, given: Mapping[str, ast.expr]) -> str | None:
    if kind not in _COMODEL_TYPES:
        return None
    return _text(given.get("comodel_name") or (call.args[0] if call.args else None))


def _choices(node: ast.expr | None) -> tuple[str, ...] | None:
    """Return the values of a selection that is written out; None when it is computed."""
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    found = []
    for item in node.elts:
        if not isinstance(item, ast.List | ast.Tuple) or not item.elts:
            return None
        value = _literal(item.elts[0])
        if not isinstance(value, str):
            return None
        found.append(value)
    return tuple(found)


def _literal(node: ast.expr | None) -> object:
    if node is None:
        return None
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        return ...
    return value


def _text(node: ast.expr | None) -> str | None:
    value = _literal(node)
    return value if isinstance(value, str) else None


def _flag(node: ast.expr | None) -> bool | None:
    value = _literal(node)
    return bool(value) if isinstance(value, bool | int) else None


def _number(node: ast.expr | None) -> int | None:
    value = _literal(node)
    return value if isinstance(value, int) else None


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        return ()
    return tuple(
        (key, each) for key, each in value.items() if isinstance(key, str) and isinstance(each, str)
    )
