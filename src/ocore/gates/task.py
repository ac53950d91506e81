"""What the programs of gates are asked, and what they answer. Structs: they travel as JSON."""

import resource
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ocore.gates.cache import Cache, key_of
from ocore.gates.findings import Finding, Gate
from ocore.kit import shell
from ocore.kit.privileges import OsUser
from ocore.odoo import facts
from ocore.odoo.crons import Cron
from ocore.odoo.facts import ModuleFacts
from ocore.odoo.facts.world import World

FACTS: Final = "facts"
_MOST_MEMORY: Final = 4 << 30


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One commit: its root, and the paths of its modules by name."""

    root: str
    modules: dict[str, str]

    def folder(self, name: str) -> Path:
        return Path(self.root, self.modules[name])


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """Under which keys the facts of modules are kept.

    `texts` tells the texts of the commit's modules apart; `depends` is of all modules but those
    of the previous commit.
    """

    current: dict[str, str] = {}
    previous: dict[str, str] = {}
    odoo: dict[str, str] = {}
    texts: dict[str, str] = {}
    depends: dict[str, tuple[str, ...]] = {}

    def closure(self, names: Iterable[str]) -> set[str]:
        """Return these modules and all that they need, as far as they are known."""
        found, waiting = {"base"}, list(names)
        while waiting:
            name = waiting.pop()
            if name not in found or name == "base":
                found.add(name)
                waiting.extend(each for each in self.depends.get(name, ()) if each not in found)
        return found


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Facts to gather, or (with a gate) a check to make over facts that were gathered.

    `odoo` is the folder of the package `odoo`, `addons` where modules of Odoo lie; `installed` are
    the modules that the database has, and `crons` its scheduled actions.
    """

    gate: Gate | None = None
    current: Side
    previous: Side | None = None
    series: str
    odoo: str | None = None
    addons: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    cache: str
    jobs: int = 2
    lint_python: str | None = None
    user: OsUser | None = None
    exclude: tuple[str, ...] = ()
    crons: tuple[Cron, ...] = ()
    index: Index = Index()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate saw."""

    summary: str
    findings: tuple[Finding, ...] = ()
    card: dict[str, object] | None = None


class Lost(LookupError):
    """Facts that were gathered are no longer in the cache."""


def answer(file: str, do: Callable[[Task], object]) -> int:
    """Do the task in a file, print the answer, and return the exit code."""
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    try:
        done = do(msgspec.json.decode(Path(file).read_bytes(), type=Task))
    except (shell.CommandFailed, LookupError, OSError, MemoryError) as failure:
        sys.stderr.write(f"{failure or type(failure).__name__}\n")
        return 1
    sys.stdout.buffer.write(msgspec.json.encode(done))
    return 0


def load(cache: Cache, keys: Mapping[str, str]) -> dict[str, ModuleFacts]:
    """Return the facts under these keys."""
    found = {}
    for name, key in keys.items():
        kept = cache.get(FACTS, key, ModuleFacts)
        if kept is None:
            raise Lost(f"the facts of {name} are gone from the cache: try again")
        found[name] = kept
    return found


def facts_key(name: str, series: str, grammar: str, content: str) -> str:
    return key_of(str(facts.VERSION), name, series, grammar, content)


def world_of(task: Task, cache: Cache, names: Iterable[str]) -> World:
    """Return a world of these modules, of what is installed, and of all that they need."""
    keys = {**task.index.odoo, **task.index.current}
    needed = task.index.closure([*names, *task.installed])
    modules = load(cache, {name: key for name, key in keys.items() if name in needed})
    return World(modules, known_modules(task))


def known_modules(task: Task) -> frozenset[str]:
    """Return the names of all modules that Odoo could load."""
    found = set(task.current.modules)
    for folder in task.addons:
        found.update(path.parent.name for path in Path(folder).glob("*/__manifest__.py"))
    return frozenset(found)
