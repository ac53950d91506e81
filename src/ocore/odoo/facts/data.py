"""Records, references and views, read from a module's data files."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from lxml import etree

from ocore.odoo.facts import BrokenPart, CronFacts, RecordFacts, Reference, SecretFacts, ViewFacts
from ocore.odoo.facts.schemas import Schemas
from ocore.odoo.facts.views import uses_in

SECRET_FIELDS: Final[dict[str, frozenset[str]]] = {
    "ir.mail_server": frozenset({"smtp_pass"}),
    "fetchmail.server": frozenset({"password"}),
    "res.users": frozenset({"password"}),
    "auth.oauth.provider": frozenset({"client_secret"}),
    "iap.account": frozenset({"account_token"}),
}
"""Fields that hold a credential and nothing else."""

_SECRET_NAME: Final = re.compile(
    r"(secret|password|passwd|private_key|api_key|access_token)(_key)?$"
)
_SECRET_MODELS: Final = ("payment.provider", "delivery.carrier")
_PLACEHOLDER: Final = re.compile(
    r"(?i)^(dummy.*|test.*|demo|admin|portal|changeme|x+|\*+|false|none)?$"
)
_IN_TEXT: Final = re.compile(r"[^%]%\((.*?)\)[ds]")
_FALSE: Final = frozenset({"0", "false", "off"})


@dataclass
class Found:
    """What a module's data files hold, filled file by file."""

    module: str
    schemas: Schemas
    broken: list[BrokenPart] = field(default_factory=list)
    records: list[RecordFacts] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    views: list[ViewFacts] = field(default_factory=list)
    secrets: list[SecretFacts] = field(default_factory=list)
    crons: list[CronFacts] = field(default_factory=list)

    def full(self, xmlid: str) -> str:
        return xmlid if "." in xmlid else f"{self.module}.{xmlid}"


@dataclass(frozen=True)
class _File:
    found: Found
    name: str
    demo: bool

    def refer(self, xmlid: str, line: int) -> None:
        if not self.demo and xmlid:
            full = self.found.full(xmlid.strip())
            self.found.references.append(Reference(full, self.name, line))


def read_xml(content: bytes, name: str, found: Found, *, demo: bool) -> None:
    """Read one XML file; what Odoo could not read is noted as broken."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        document = etree.ElementTree(etree.fromstring(content, parser))
    except etree.XMLSyntaxError as failure:
        found.broken.append(BrokenPart("xml", name, failure.lineno, failure.msg))
        return
    except ValueError as failure:
        found.broken.append(BrokenPart("xml", name, None, str(failure)))
        return
    found.broken.extend(found.schemas.errors_in(document, name))
    _root(document.getroot(), _File(found, name, demo), noupdate=False)


def read_csv(content: bytes, name: str, found: Found, *, demo: bool) -> None:
    """Read one CSV file: its name is that of a model, its header names fields."""
    file, model = _File(found, name, demo), name.rsplit("/", 1)[-1].removesuffix(".csv")
    model = model.split("-")[0]
    try:
        rows = csv.reader(io.StringIO(content.decode()), quotechar='"', delimiter=",", strict=False)
        header = next(rows, [])
        for row in rows:
            _row(dict(zip(header, row, strict=False)), model, file, rows.line_num)
    except (csv.Error, UnicodeDecodeError) as failure:
        found.broken.append(BrokenPart("csv", name, None, str(failure)))
        return
    if header and not set(header) & {"id", ".id"}:
        reason = "it has no column 'id': Odoo reads it at the installation, and at no update"
        found.broken.append(BrokenPart("csv_skipped", name, 1, reason))


def _row(row: dict[str, str], model: str, file: _File, line: int) -> None:
    for column, value in row.items():
        if column == "id" and value:
            _define(file, value, model, line=line)
        elif column.endswith(("/id", ":id")) and value:
            for each in value.split(","):
                file.refer(each, line)


def _root(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    noupdate = _true(node.get("noupdate"), default=noupdate)
    for child in node:
        read = _TAGS.get(str(child.tag))
        if read is not None:
            read(child, file, noupdate=noupdate)


def _asset(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    if xmlid := node.get("id"):
        _define(file, xmlid, "ir.asset", line=_line(node), noupdate=noupdate)


def _function(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    # With noupdate it runs at the installation alone, but there it does.
    del noupdate
    for each in node.iter():
        _evaluated(each.get("eval"), file, _line(each))


def _record(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    model, xmlid = node.get("model") or "", node.get("id")
    fields = {each.get("name"): each for each in node.iterchildren("field")}
    if xmlid:
        _identify(node, xmlid, file, noupdate=noupdate)
    for name, line in _secrets(model, fields):
        secret = SecretFacts(file.found.full(xmlid or "?"), model, name, file.name, line)
        file.found.secrets.append(secret)
    for each in fields.values():
        if node.get("forcecreate") is None:
            _references(each, file)
        for child in each.iterchildren("record"):
            _record(child, file, noupdate=noupdate)
    if model == "ir.ui.view" and xmlid:
        _view(xmlid, fields, file)
    if model == "ir.cron" and xmlid:
        _cron(xmlid, fields, file)


def _identify(node: etree._Element, xmlid: str, file: _File, *, noupdate: bool) -> None:
    """Note what the record declares, or what it changes: the record of another module."""
    foreign = "." in xmlid and not xmlid.startswith(f"{file.found.module}.")
    if foreign and node.get("forcecreate") is None:
        file.refer(xmlid, _line(node))
    elif not foreign or _true(node.get("forcecreate"), default=True):
        _define(file, xmlid, node.get("model") or "", line=_line(node), noupdate=noupdate)


def _references(node: etree._Element, file: _File) -> None:
    if ref := node.get("ref"):
        file.refer(ref, _line(node))
    _evaluated(node.get("eval"), file, _line(node))
    if node.get("type") in {"xml", "html"}:
        for each in node.iterdescendants(etree.Element):
            for text in (each.text, each.tail, *each.attrib.values()):
                if text and "%(" in text:
                    for match in _IN_TEXT.finditer(f" {text}"):
                        file.refer(match[1], _line(each))


def _evaluated(expression: str | None, file: _File, line: int) -> None:
    for xmlid in _refs(expression):
        file.refer(xmlid, line)


def _refs(expression: str | None) -> Iterator[str]:
    if not expression or "ref(" not in expression:
        return
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ref":
            given = node.args[0] if len(node.args) == 1 and not node.keywords else None
            if isinstance(given, ast.Constant) and isinstance(given.value, str):
                yield given.value


def _menu(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    line = _line(node)
    if xmlid := node.get("id"):
        _define(file, xmlid, "ir.ui.menu", line=line, noupdate=noupdate)
    for name in ("parent", "action"):
        file.refer(node.get(name) or "", line)
    for group in (node.get("groups") or "").split(","):
        file.refer(group.strip().removeprefix("-"), line)
    for child in node.iterchildren("menuitem"):
        _menu(child, file, noupdate=noupdate)


def _template(node: etree._Element, file: _File, *, noupdate: bool) -> None:
    xmlid, line = node.get("id") or node.get("t-name"), _line(node)
    if xmlid:
        _define(file, xmlid, "ir.ui.view", line=line, noupdate=noupdate)
    if node.get("forcecreate") is None:
        file.refer(node.get("inherit_id") or "", line)
        for group in (node.get("groups") or "").split(","):
            file.refer(group, line)


def _view(xmlid: str, fields: dict[str | None, etree._Element], file: _File) -> None:
    arch, model, parent = fields.get("arch"), fields.get("model"), fields.get("inherit_id")
    if arch is None or model is None or not model.text or arch.get("type") != "xml":
        return
    inherits = parent is not None and bool(parent.get("ref") or parent.get("eval") != "False")
    roots = [each for each in arch if isinstance(each.tag, str)]
    if inherits or len(roots) != 1 or file.demo:
        return
    file.found.broken.extend(file.found.schemas.errors_of_view(roots[0], file.name))
    facts = ViewFacts(
        file.found.full(xmlid), model.text, file.name, _line(arch), tuple(uses_in(roots[0]))
    )
    file.found.views.append(facts)


def _cron(xmlid: str, fields: dict[str | None, etree._Element], file: _File) -> None:
    """Note what a scheduled action runs, where that is written out."""
    model_id, code = fields.get("model_id"), fields.get("code")
    if file.demo or model_id is None or code is None or not code.text or code.get("eval"):
        return
    full = file.found.full
    if ref := model_id.get("ref"):
        facts = CronFacts(full(xmlid), full(ref), code.text, file.name, _line(code))
        file.found.crons.append(facts)


def _define(file: _File, xmlid: str, model: str, *, line: int, noupdate: bool = False) -> None:
    full = file.found.full(xmlid.strip())
    file.found.records.append(RecordFacts(full, model, file.name, line, noupdate, file.demo))


def _secrets(model: str, fields: dict[str | None, etree._Element]) -> Iterator[tuple[str, int]]:
    """Yield the fields made for a credential that hold one, with their lines."""
    exact = SECRET_FIELDS.get(model, frozenset())
    for name, node in fields.items():
        secret = name in exact or (model in _SECRET_MODELS and _SECRET_NAME.search(name or ""))
        value = (node.text or "").strip()
        if secret and name and not _PLACEHOLDER.match(value):
            yield name, _line(node)


class _Reads(Protocol):
    def __call__(self, node: etree._Element, file: _File, *, noupdate: bool) -> None: ...


_TAGS: Final[dict[str, _Reads]] = {
    "data": _root,
    "odoo": _root,
    "openerp": _root,
    "record": _record,
    "menuitem": _menu,
    "template": _template,
    "asset": _asset,
    "function": _function,
}
"""What Odoo does with the elements of a data file (odoo/tools/convert.py, `_tags`)."""


def _line(node: etree._Element) -> int:
    return node.sourceline or 0


def _true(value: str | None, *, default: bool) -> bool:
    if value is None or not value.strip():
        return default
    return value.strip().lower() not in _FALSE
