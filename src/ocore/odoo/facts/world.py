"""What modules mean to each other: which external ids and fields there are for each of them."""

import keyword
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from typing import Final

from ocore.odoo.facts import ModelFacts, ModuleFacts

MAGIC_FIELDS: Final = frozenset(
    {"id", "display_name", "create_uid", "create_date", "write_uid", "write_date", "__last_update"}
)
_MADE_ELSEWHERE: Final = frozenset(
    {"__export__", "__import__", "__custom__", "__cloc_exclude__", "studio_customization"}
)
"""Namespaces of ids that people and importers make in the database."""

_ALIKE: Final = 0.85
_GENERATED: Final = ("model_", "field_", "selection__", "constraint_", "module_", "lang_")


@dataclass(frozen=True)
class World:
    """Modules that may be loaded together. `known` are the names of all modules there are.

    Facts are needed of the modules in question and of all that these depend on.
    """

    modules: Mapping[str, ModuleFacts]
    known: Collection[str]
    _closures: dict[str, frozenset[str]] = field(default_factory=dict)

    def closure(self, name: str) -> frozenset[str]:
        """Return a module and all that are loaded before it because it depends on them."""
        found = self._closures.get(name)
        if found is None:
            needed = {name, "base"}
            waiting = [name]
            while waiting:
                facts = self.modules.get(waiting.pop())
                for each in facts.depends if facts else ():
                    if each not in needed:
                        needed.add(each)
                        waiting.append(each)
            found = self._closures[name] = frozenset(needed)
        return found

    def missing(self, xmlid: str, module: str) -> "Missing | None":
        """Return why data of a module cannot refer to this id; None when it can, or may."""
        namespace, _, name = xmlid.partition(".")
        if namespace in _MADE_ELSEWHERE or self._exists(namespace, name):
            reachable = namespace in self.closure(module) or namespace in _MADE_ELSEWHERE
            return None if reachable else Missing(namespace, name, known=True)
        if namespace not in self.known or "." in name:
            return Missing(namespace, name, known=False)
        if namespace not in self.modules:
            return Missing(namespace, name, known=True)
        facts = self.modules[namespace]
        alike = get_close_matches(name, self._ids.get(namespace, ()), 1, _ALIKE)
        if facts.makes_models or (facts.makes_ids and not alike):
            return None
        meant = f"{namespace}.{alike[0]}" if alike else None
        return Missing(namespace, name, known=False, meant=meant)

    def fields_of(self, model: str, modules: Collection[str]) -> dict[str, str | None] | None:
        """Return the fields of a model with their comodels, as these modules make it.

        None when that cannot be told from the text of the modules.
        """
        return self._fields(model, modules, ())

    def has_method(self, model: str, name: str) -> bool | None:
        """Say whether a model can be asked this, by the text of all modules here.

        None when that does not tell. What every model can be asked is not in it.
        """
        if name in self._of_nobody or self._is_unreadable:
            return None
        return self._has_method(model, name, ())

    def models_with_id(self, xmlid: str) -> Iterator[str]:
        """Yield the models that the external id of a record of `ir.model` may stand for."""
        name = xmlid.partition(".")[2].removeprefix("model_")
        yield from (model for model in self._by_model if model.replace(".", "_") == name)

    def owner_of(self, model: str, name: str) -> str | None:
        """Return a module that declares this field of a model, whoever depends on it."""
        for module, each in self._by_model.get(model, ()):
            if name in each.loose or any(field.name == name for field in each.fields):
                return module
        return None

    def classes_of(self, model: str, modules: Collection[str]) -> Iterator[ModelFacts]:
        for module, each in self._by_model.get(model, ()):
            if module in modules:
                yield each

    def _fields(
        self, model: str, modules: Collection[str], asking: tuple[str, ...]
    ) -> dict[str, str | None] | None:
        classes = list(self.classes_of(model, modules))
        if not any(each.creates for each in classes) or any(each.open for each in classes):
            return None
        # A field called like a word of Python (`global` of ir.rule) is set from outside the class.
        found: dict[str, str | None] = dict.fromkeys((*MAGIC_FIELDS, *keyword.kwlist))
        parents = {
            *(parent for each in classes for parent in each.parents),
            *(target for each in classes for target, _ in each.delegates),
            "base",
        }
        for parent in parents - {model, *asking}:
            inherited = self._fields(parent, modules, (*asking, model))
            if inherited is None and parent != "base":
                return None
            found |= inherited or {}
        for each in classes:
            found |= dict.fromkeys((*each.loose, *(link for _, link in each.delegates)))
            for one in each.fields:
                found[one.name] = one.comodel or found.get(one.name)
        return found

    def _has_method(self, model: str, name: str, asking: tuple[str, ...]) -> bool | None:
        classes = [each for _, each in self._by_model.get(model, ())]
        if any(name in each.methods or name in each.loose for each in classes):
            return True
        unknown = any(each.foreign for each in classes)
        parents = {"base", *(parent for each in classes for parent in each.parents)}
        answers = [
            self._has_method(parent, name, (*asking, model))
            for parent in parents - {model, *asking}
        ]
        if any(answers):
            return True
        if unknown or None in answers or not any(each.creates for each in classes):
            return None
        return False

    def _exists(self, namespace: str, name: str) -> bool:
        ids = self._ids.get(namespace, set())
        if name in ids:
            return True
        if name.startswith(_GENERATED) and self._is_generated(namespace, name):
            return True
        # A record of a model with `_inherits` also makes `<its id>_<table of the parent>`.
        return any(name.endswith(end) and name.removesuffix(end) in ids for end in self._delegated)

    def _is_generated(self, namespace: str, name: str) -> bool:
        kind, _, rest = name.partition("_")
        if namespace == "base" and kind in {"module", "lang"}:
            return kind == "lang" or rest in self.known or rest.startswith("category_")
        facts = self.modules.get(namespace)
        if facts is None:
            return False
        if kind == "constraint":
            return True
        models = {each.name.replace(".", "_") for each in facts.models}
        if kind == "selection":
            return rest.removeprefix("_").split("__")[0] in models
        return rest in models or rest.split("__")[0] in models

    @cached_property
    def _ids(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for facts in self.modules.values():
            for record in facts.records:
                namespace, _, name = record.xmlid.partition(".")
                found[namespace].add(name)
        return found

    @cached_property
    def _delegated(self) -> tuple[str, ...]:
        targets = {
            target.replace(".", "_")
            for facts in self.modules.values()
            for model in facts.models
            for target, _ in model.delegates
        }
        return tuple(sorted(f"_{each}" for each in targets))

    @cached_property
    def _of_nobody(self) -> frozenset[str]:
        """Return the methods that may belong to another model than the text seems to say."""
        modules = self.modules.values()
        classes = (each for facts in modules for each in facts.models if each.open)
        patches = (name for facts in modules for name in facts.patches)
        return frozenset({*patches, *(name for each in classes for name in each.methods)})

    @cached_property
    def _is_unreadable(self) -> bool:
        parts = (part for facts in self.modules.values() for part in facts.broken)
        return any(part.kind == "python" for part in parts)

    @cached_property
    def _by_model(self) -> dict[str, list[tuple[str, ModelFacts]]]:
        found: dict[str, list[tuple[str, ModelFacts]]] = defaultdict(list)
        for name, facts in self.modules.items():
            for model in facts.models:
                found[model.name].append((name, model))
        return found


@dataclass(frozen=True, slots=True)
class Missing:
    """An id that is not there. `known`: it may exist, but its module need not be loaded.

    `meant` is an id that is there and looks like it.
    """

    namespace: str
    name: str
    known: bool
    meant: str | None = None
