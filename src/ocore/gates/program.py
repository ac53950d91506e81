"""`python -m ocore.gates.program TASK`: one gate in a process of its own, its answer on stdout.

A process of its own, because what is read was written by strangers: whatever it does to a parser,
the worker lives on, and a check that takes too long can be ended.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ocore.gates import code_secrets, code_static, migration_safety
from ocore.gates.cache import Cache, key_of
from ocore.gates.code_static import StaticInputs
from ocore.gates.crons import Code, in_database
from ocore.gates.findings import Finding, Gate, GateAction
from ocore.gates.lint import LintMessage, lint
from ocore.gates.migration_safety import MigrationInputs
from ocore.gates.reports import report
from ocore.gates.secrets_in import secrets_in
from ocore.gates.task import Answer, Task, answer, load, world_of
from ocore.odoo.facts.world import World
from ocore.odoo.problems import MADE_IN_THE_DATABASE

_STATIC, _LINT = "static", "lint"


def run_static(task: Task) -> Answer:
    cache = Cache(Path(task.cache))
    keys = {name: _with_what_it_needs(task, name) for name in task.index.current}
    kept = {name: cache.get(_STATIC, key, tuple[Finding, ...]) for name, key in keys.items()}
    unknown = [name for name, findings in kept.items() if findings is None]
    inputs = StaticInputs(
        code=Code(world_of(task, cache, unknown), task.odoo),
        paths=task.current.modules,
        lint=_lint(task, cache, unknown),
    )
    for name in unknown:
        kept[name] = code_static.check(inputs, name)
        cache.put(_STATIC, keys[name], kept[name])
    findings = [
        finding
        for name, findings in kept.items()
        for finding in _as_far_as_new(findings or (), task, name)
    ]
    findings += _crons(task, cache)
    return _answer(findings, task, f"{len(kept)} modules, {len(unknown)} of them new or changed")


def _crons(task: Task, cache: Cache) -> Iterator[Finding]:
    """Yield what is wrong with the scheduled actions of the database, if it has any."""
    if not task.crons:
        return
    new = Code(world_of(task, cache, task.index.current), task.odoo)
    known = new.world.modules.keys() | MADE_IN_THE_DATABASE
    if not known >= set(task.installed):
        # Of a module whose code is not here nobody knows what it can do.
        return
    before = _live(task, cache, new)
    yield from in_database(task.crons, new, before=before, own=task.index.current)


def _live(task: Task, cache: Cache, new: Code) -> Code | None:
    """Return the code that runs now: the same Odoo, and what the repository was."""
    if task.previous is None:
        return None
    of_odoo = {name: facts for name, facts in new.world.modules.items() if name in task.index.odoo}
    modules = {**of_odoo, **load(cache, task.index.previous)}
    return Code(World(modules, new.world.known), new.odoo)


def run_secrets(task: Task) -> Answer:
    cache = Cache(Path(task.cache))
    secrets = asyncio.run(secrets_in(task, cache))
    modules = load(cache, task.index.current)
    findings = code_secrets.check(secrets, modules, task.current.modules)
    return _answer(findings, task, f"{len(modules)} modules and what lies beside them")


def run_migration(task: Task) -> Answer:
    if task.previous is None:
        return Answer(summary="nothing is live yet: there is no data that could be lost")
    cache, index = Cache(Path(task.cache)), task.index
    changed = [name for name, key in index.previous.items() if index.current.get(name, key) != key]
    looked_at = f"{len(changed)} modules that differ"
    if not changed:
        return _answer((), task, looked_at)
    inputs = MigrationInputs(
        before=load(cache, index.previous),
        after=load(cache, index.current),
        world=world_of(task, cache, index.current),
        paths=task.current.modules,
    )
    return _answer(migration_safety.check(inputs), task, looked_at)


RUNS: Final[Mapping[Gate, Callable[[Task], Answer]]] = {
    Gate.CODE_STATIC: run_static,
    Gate.CODE_SECRETS: run_secrets,
    Gate.MIGRATION_SAFETY: run_migration,
}


def main(arguments: Sequence[str]) -> int:
    """Do the task in the file named on the command line."""
    return answer(arguments[0], _run)


def _run(task: Task) -> Answer:
    if task.gate is None:
        raise LookupError("the task names no gate")
    return RUNS[task.gate](task)


def _answer(findings: Iterable[Finding], task: Task, looked_at: str) -> Answer:
    made = report(findings, looked_at=looked_at, exclude=task.exclude)
    card = dict(made.card) if made.card else None
    return Answer(summary=made.summary, findings=made.findings, card=card)


def _as_far_as_new(findings: Iterable[Finding], task: Task, name: str) -> Iterator[Finding]:
    """Yield a module's findings; of one that is live already as it is, nobody is warned again."""
    live = task.index.previous.get(name)
    old = live is not None and live == task.index.current[name]
    for each in findings:
        if old and each.action is GateAction.WARN:
            yield replace(each, action=GateAction.INFORM)
        else:
            yield each


def _with_what_it_needs(task: Task, name: str) -> str:
    """Return the key of a module's findings: they hang on all that may be loaded beside it."""
    keys = {**task.index.odoo, **task.index.current}
    needed = sorted(keys.get(each, each) for each in task.index.closure([name, *task.installed]))
    versions = (str(code_static.VERSION), str(task.lint_python), task.current.modules[name])
    return key_of(*versions, keys[name], *needed)


def _lint(task: Task, cache: Cache, names: Sequence[str]) -> dict[str, list[LintMessage]]:
    """Return pylint-odoo's messages: they hang on the module's own files alone."""
    if task.lint_python is None:
        return {}
    keys = {name: key_of(str(task.lint_python), task.index.current[name]) for name in names}
    kept = {name: cache.get(_LINT, key, list[LintMessage]) for name, key in keys.items()}
    folders = {name: task.current.folder(name) for name in names if kept[name] is None}
    said = asyncio.run(lint(folders, Path(task.lint_python), jobs=task.jobs, user=task.user))
    for name in folders:
        cache.put(_LINT, keys[name], said.get(name, []))
    return {name: said.get(name, []) if name in folders else kept[name] or [] for name in names}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
