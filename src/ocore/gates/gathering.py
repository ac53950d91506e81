"""`python -m ocore.gates.gathering TASK`: reads the facts of all modules in question.

Only what the cache does not know is read. The answer on stdout is an index of what it holds.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Final

from ocore.gates.cache import Cache
from ocore.gates.kingfisher import is_skipped
from ocore.gates.task import FACTS, Index, Side, Task, answer, facts_key
from ocore.odoo.facts import ModuleFacts
from ocore.odoo.facts.files import Hashes, hashes, stamp
from ocore.odoo.facts.reading import read_module
from ocore.odoo.facts.schemas import Schemas, files_of, hash_of, read_schemas

_WORTH_A_PROCESS: Final = 8
"""Below so many modules a second process costs more than it brings."""

Job = tuple[str, Path, str]
"""A module: its name, its folder, and the key of its facts."""


class Gatherer:
    """Reads modules of one task, with as many processes as it may have."""

    def __init__(self, task: Task) -> None:
        self._task, self._cache = task, Cache(Path(task.cache))
        odoo = Path(task.odoo) if task.odoo else None
        base = next((Path(a) for a in task.addons if Path(a, "base").is_dir()), None)
        self._grammars = files_of(odoo, base)
        self._grammar = hash_of(self._grammars)
        self._depends: dict[str, tuple[str, ...]] = {}

    def gather(self) -> Index:
        """Make sure that the cache holds all facts, and return where."""
        task = self._task
        found = self._hashes(task.current)
        current = self._own(task.current, found)
        previous = self._own(task.previous, self._hashes(task.previous)) if task.previous else []
        self._read([*current, *previous])
        self._learn(current)
        return Index(
            current={name: key for name, _, key in current},
            previous={name: key for name, _, key in previous},
            odoo=self._odoo(current),
            texts={name: each.text for name, each in found.items()},
            depends=self._depends,
        )

    def _hashes(self, side: Side) -> dict[str, Hashes]:
        names = [name for name in side.modules if side.folder(name).is_dir()]
        # Hashing and reading let go of Python's lock.
        with ThreadPoolExecutor(self._task.jobs) as pool:
            made = pool.map(lambda name: hashes(side.folder(name), skip=is_skipped), names)
            return dict(zip(names, made, strict=True))

    def _own(self, side: Side, found: Mapping[str, Hashes]) -> list[Job]:
        return [
            (name, side.folder(name), self._key(name, each.code)) for name, each in found.items()
        ]

    def _odoo(self, current: Iterable[Job]) -> dict[str, str]:
        """Read what the modules depend on, from one circle of dependencies to the next."""
        own, found = {name for name, _, _ in current}, dict[str, str]()
        wanted = {"base", *self._task.installed}.union(*self._depends.values())
        while wanted := wanted - own - set(found):
            jobs = [
                (name, folder, self._key(name, stamp(folder)))
                for name in sorted(wanted)
                if (folder := self._folder(name)) is not None
            ]
            self._read(jobs)
            self._learn(jobs)
            found |= {name: key for name, _, key in jobs}
            wanted = {each for name, _, _ in jobs for each in self._depends[name]}
        return found

    def _learn(self, jobs: Iterable[Job]) -> None:
        for name, _, key in jobs:
            facts = self._cache.get(FACTS, key, ModuleFacts)
            self._depends[name] = facts.depends if facts else ()

    def _folder(self, name: str) -> Path | None:
        for addons in self._task.addons:
            folder = Path(addons, name)
            if (folder / "__manifest__.py").is_file():
                return folder
        return None

    def _key(self, name: str, content: str) -> str:
        return facts_key(name, self._task.series, self._grammar, content)

    def _read(self, jobs: Iterable[Job]) -> None:
        missing = [job for job in jobs if not self._cache.has(FACTS, job[2])]
        work = [(job, self._task.series, self._task.cache, self._grammars) for job in missing]
        if len(work) < _WORTH_A_PROCESS or self._task.jobs < 2:
            for each in work:
                _read_one(each)
            return
        with ProcessPoolExecutor(self._task.jobs) as pool:
            for _ in pool.map(_read_one, work, chunksize=4):
                pass


def _read_one(work: tuple[Job, str, str, Mapping[str, Path]]) -> None:
    (name, folder, key), series, cache, grammars = work
    schemas = _schemas(tuple(sorted(grammars.items())))
    facts = read_module(folder, name=name, series=series, schemas=schemas)
    Cache(Path(cache)).put(FACTS, key, facts)


@lru_cache
def _schemas(files: tuple[tuple[str, Path], ...]) -> Schemas:
    return read_schemas(dict(files))


def main(arguments: Sequence[str]) -> int:
    """Do the task in the file named on the command line."""
    return answer(arguments[0], lambda task: Gatherer(task).gather())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
