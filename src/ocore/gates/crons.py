"""Scheduled actions that call a method which their model does not have."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ocore.gates.catalog import found
from ocore.gates.findings import Finding, FindingClass, GateAction
from ocore.odoo.crons import Cron, calls
from ocore.odoo.facts import CronFacts, ModuleFacts
from ocore.odoo.facts.methods import orm_methods
from ocore.odoo.facts.world import World


@dataclass(frozen=True)
class Code:
    """Modules that are loaded together. `odoo` is the folder of the package that loads them."""

    world: World
    odoo: str | None

    def lacks(self, model: str, method: str) -> bool:
        """Say whether a model certainly does not have a method."""
        if self.world.has_method(model, method) is not False:
            return False
        return bool(self._of_every_model) and method not in self._of_every_model

    @cached_property
    def _of_every_model(self) -> frozenset[str]:
        return orm_methods(Path(self.odoo)) if self.odoo else frozenset()


def in_data(code: Code, facts: ModuleFacts, path: str) -> Iterator[Finding]:
    """Yield the calls of a module's own data that would fail in a new database."""
    for cron in facts.crons:
        models = list(code.world.models_with_id(cron.model_id))
        for method in calls(cron.code):
            if models and all(code.lacks(model, method) for model in models):
                file = cron.file if path == "." else f"{path}/{cron.file}"
                yield found(
                    FindingClass.CODE_CRON,
                    f"{file} line {cron.line}: {cron.xmlid} calls {method}, which"
                    f" {' or '.join(models)} does not have",
                    confidence=0.9,
                    module=facts.name,
                    file=file,
                    line=cron.line,
                    record=cron.xmlid,
                    model=models[0],
                    method=method,
                )


def in_database(
    crons: Sequence[Cron], code: Code, *, before: Code | None, own: Collection[str]
) -> Iterator[Finding]:
    """Yield the calls that fail in a database once it runs this code.

    `before` is the code that is live: of what fails with that already nobody is warned. `own` are
    the modules whose data an update may load.
    """
    handled = _words_of_new_scripts(code, before)
    for cron in crons:
        if _is_loaded_anew(cron, code, own) or handled & _names_of(cron):
            continue
        for method in calls(cron.code):
            if code.lacks(cron.model, method) and method not in handled:
                old = before is not None and before.lacks(cron.model, method)
                yield _of_database(cron, method, old=old)


def _of_database(cron: Cron, method: str, *, old: bool) -> Finding:
    name = f"“{cron.name}”" + (f" ({cron.xmlid})" if cron.xmlid else "")
    since = "fails with the live code already" if old else "will fail with this code"
    return found(
        FindingClass.CODE_CRON,
        f"the scheduled action {name} of this database calls {method}, which {cron.model} does not"
        f" have: it {since}",
        confidence=0.9,
        action=GateAction.INFORM if old else None,
        module=cron.xmlid.partition(".")[0] if cron.xmlid else None,
        file=None,
        line=None,
        record=cron.xmlid,
        model=cron.model,
        method=method,
    )


def _is_loaded_anew(cron: Cron, code: Code, own: Collection[str]) -> bool:
    """Say whether an update gives the action other calls, or deletes it."""
    if cron.xmlid is None or cron.noupdate or (name := cron.xmlid.partition(".")[0]) not in own:
        return False
    declared = {each.xmlid: each for each in _crons_of(code, name)}
    data = declared.get(cron.xmlid)
    return data is None or calls(data.code) != calls(cron.code)


def _crons_of(code: Code, module: str) -> Sequence[CronFacts]:
    facts = code.world.modules.get(module)
    return facts.crons if facts else ()


def _words_of_new_scripts(code: Code, before: Code | None) -> set[str]:
    """Return what migration scripts may be about that have not run yet."""
    modules = before.world.modules.values() if before else ()
    old = {script for facts in modules for script in facts.scripts}
    return {
        word
        for facts in code.world.modules.values()
        for script in facts.scripts
        if script not in old
        for word in script.words
    }


def _names_of(cron: Cron) -> set[str]:
    return {cron.xmlid, cron.xmlid.partition(".")[2]} if cron.xmlid else set()
