"""What a module declares, read from its files without running them: models, records, views.

Facts of a module depend on its own files alone, so that they can be kept for as long as these do
not change. What modules mean to each other is decided over facts; see ocore.odoo.facts.world.
"""

from typing import Final

import msgspec

VERSION: Final = 2
"""Grows when the same files would give other facts."""


class Facts(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """Base of what is read. `file` is relative to the module; `line` counts from 1."""


class BrokenPart(Facts, frozen=True):
    """Something Odoo cannot read. `kind` is python, xml, csv, schema or view_schema.

    With csv_skipped Odoo passes a file by without failing.
    """

    kind: str
    file: str
    line: int | None
    reason: str


class FieldFacts(Facts, frozen=True):
    """A field as one class declares it. None: this class does not say, or not as a literal."""

    name: str
    type: str
    file: str
    line: int
    comodel: str | None = None
    related: str | None = None
    compute: bool = False
    store: bool | None = None
    required: bool | None = None
    default: bool = False
    company_dependent: bool = False
    size: int | None = None
    table: str | None = None
    selection: tuple[str, ...] | None = None
    selection_add: tuple[str, ...] = ()


class ModelFacts(Facts, frozen=True):
    """One class of a model. `parents` are its `_inherit`, `delegates` its `_inherits`.

    `loose` are further names that its body binds to something that may be a field, `methods` what
    it binds to something that can be called. `open`: it may have fields that its text does not
    name; `foreign`: it may have methods of a class that is no model's.
    """

    name: str
    file: str
    line: int
    kind: str = "model"
    parents: tuple[str, ...] = ()
    delegates: tuple[tuple[str, str], ...] = ()
    table: str | None = None
    auto: bool = True
    fields: tuple[FieldFacts, ...] = ()
    loose: tuple[str, ...] = ()
    open: bool = False
    methods: tuple[str, ...] = ()
    foreign: bool = False

    @property
    def creates(self) -> bool:
        """Say whether this class makes the model, rather than adding to one that exists."""
        return self.name not in self.parents


class RecordFacts(Facts, frozen=True):
    """A record that data declares. `xmlid` begins with the name of a module."""

    xmlid: str
    model: str
    file: str
    line: int
    noupdate: bool = False
    demo: bool = False


class CronFacts(Facts, frozen=True):
    """A scheduled action that data declares. `model_id` is the external id of its model."""

    xmlid: str
    model_id: str
    code: str
    file: str
    line: int


class SecretFacts(Facts, frozen=True):
    """A field of a record that is made for a credential, and filled. Its value is not kept."""

    xmlid: str
    model: str
    field: str
    file: str
    line: int


class Reference(Facts, frozen=True):
    """An external id that data needs to exist when it is loaded."""

    xmlid: str
    file: str
    line: int


class FieldUse(Facts, frozen=True):
    """A field that a view names. `path` leads from the view's model to the one that has it."""

    path: tuple[str, ...]
    name: str
    line: int


class ViewFacts(Facts, frozen=True):
    """A view that extends no other."""

    xmlid: str
    model: str
    file: str
    line: int
    uses: tuple[FieldUse, ...] = ()


class Statement(Facts, frozen=True):
    """A destructive SQL statement in a migration script. `kind` is its first words."""

    kind: str
    file: str
    line: int
    text: str


class ScriptFacts(Facts, frozen=True):
    """A migration script. `words` are those of its literals: the names it may be about."""

    file: str
    words: tuple[str, ...] = ()


class ModuleFacts(Facts, frozen=True):
    """All that one module declares.

    `makes_ids`: its code may make external ids that no data file names; `makes_models`: it has
    models whose names are computed. `patches` are names that its code sets on objects from outside:
    any model may have got a method so.
    """

    name: str
    version: str = ""
    depends: tuple[str, ...] = ()
    installable: bool = True
    broken: tuple[BrokenPart, ...] = ()
    models: tuple[ModelFacts, ...] = ()
    records: tuple[RecordFacts, ...] = ()
    references: tuple[Reference, ...] = ()
    views: tuple[ViewFacts, ...] = ()
    secrets: tuple[SecretFacts, ...] = ()
    scripts: tuple[ScriptFacts, ...] = ()
    statements: tuple[Statement, ...] = ()
    makes_ids: bool = False
    makes_models: bool = False
    crons: tuple[CronFacts, ...] = ()
    patches: tuple[str, ...] = ()
