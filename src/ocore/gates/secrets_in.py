"""Scans a commit for credentials: each module once for as long as its text stays the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ocore.gates.cache import Cache, key_of
from ocore.gates.code_secrets import VERSION, settings_in
from ocore.gates.kingfisher import Secret, is_skipped, scan
from ocore.gates.task import Task
from ocore.odoo.facts.files import hashes

_KIND: Final = "secrets"
_BESIDE: Final = ""
"""In place of a module's name: what lies beside the modules."""


async def secrets_in(task: Task, cache: Cache) -> list[Secret]:
    """Return the credentials of a commit, their files relative to its root."""
    places = _places(task)
    keys = {name: key_of(str(VERSION), _texts(task, name, places[name])) for name in places}
    kept = {name: cache.get(_KIND, key, list[Secret]) for name, key in keys.items()}
    unknown = [name for name, secrets in kept.items() if secrets is None]
    paths = [str(path) for name in unknown for path in places[name]]
    found = await scan(paths, jobs=task.jobs, cache=Path(task.cache))
    for name in unknown:
        root = _root(task, name)
        kept[name] = [*_inside(found, places[name], root), *_conf(places[name], root)]
        cache.put(_KIND, keys[name], kept[name])
    return [
        msgspec.structs.replace(each, file=_joined(task.current.modules.get(name, "."), each.file))
        for name, secrets in kept.items()
        for each in secrets or ()
    ]


def _places(task: Task) -> dict[str, list[Path]]:
    """Return what is to be scanned: by module, and what lies beside them."""
    modules = {name: [task.current.folder(name)] for name in task.index.texts}
    return {**modules, _BESIDE: list(_beside(Path(task.current.root), task.current.modules))}


def _beside(root: Path, modules: Mapping[str, str]) -> Iterator[Path]:
    """Yield what lies beside the modules, and beside the folders that hold them."""
    if "." in modules.values():
        return
    holding = {".", *(str(parent) for path in modules.values() for parent in Path(path).parents)}
    taken = {*modules.values(), *holding}
    for folder in sorted(holding):
        for entry in sorted((root / folder).iterdir()):
            name = entry.relative_to(root).as_posix()
            if name not in taken and not entry.is_symlink() and not is_skipped(entry.name):
                yield entry


def _texts(task: Task, name: str, places: Iterable[Path]) -> str:
    if name in task.index.texts:
        return task.index.texts[name]
    parts = []
    for path in places:
        what = hashes(path, skip=is_skipped).text if path.is_dir() else key_of(_text(path))
        parts.append(f"{path.name}\0{what}")
    return key_of(*parts)


def _root(task: Task, name: str) -> Path:
    return task.current.folder(name) if name else Path(task.current.root)


def _inside(secrets: Iterable[Secret], places: Sequence[Path], root: Path) -> list[Secret]:
    found = {
        msgspec.structs.replace(each, file=Path(each.file).relative_to(root).as_posix())
        for each in secrets
        if any(Path(each.file).is_relative_to(place) for place in places)
    }
    return sorted(found, key=lambda each: (each.file, each.line, each.rule))


def _conf(places: Iterable[Path], root: Path) -> Iterator[Secret]:
    for place in places:
        files = [place] if place.is_file() else sorted(place.rglob("*.conf"))
        for path in files:
            if path.suffix == ".conf" and path.is_file() and not path.is_symlink():
                yield from settings_in(_text(path), path.relative_to(root).as_posix())


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="replace")


def _joined(path: str, file: str) -> str:
    return file if path == "." else f"{path}/{file}"
