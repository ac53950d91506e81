"""What would make Odoo stumble over a set of modules, decided without running it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from manifestoo_core.core_addons import get_core_addons, is_core_ce_addon
from manifestoo_core.odoo_series import OdooSeries

from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.manifests import FILE_NAME
from ocore.odoo.migrations import folder_of, is_newer, is_version_folder, runs, stage_of
from ocore.odoo.plan import PRESENT, default_modules
from ocore.odoo.versions import is_of_series, version_key

MADE_IN_THE_DATABASE: Final = frozenset({"studio_customization"})
"""Modules that live in the database alone: nobody misses their files."""


class ProblemKind(StrEnum):
    """The closed list of what can be wrong with a set of modules."""

    NO_MODULE = "no_module"
    UNREADABLE = "unreadable"
    MISSING_DEPENDENCY = "missing_dependency"
    WRONG_SERIES = "wrong_series"
    DEPENDENCY_CYCLE = "dependency_cycle"
    REMOVED_BUT_INSTALLED = "removed_but_installed"
    SCRIPT_UNREACHABLE = "script_unreachable"
    NEWER_THAN_CODE = "newer_than_code"
    TRANSITIONAL_STATE = "transitional_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong. `file` is relative to the repository; `line` counts from 1."""

    kind: ProblemKind
    sentence: str
    module: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the modules are to run in.

    `core` are the modules that Odoo itself brings; `wanted` None means all of the repository;
    `changed_paths` are the files that differ from what is live, relative to the repository.
    """

    series: str
    core: frozenset[str]
    installed: tuple[InstalledModule, ...] = ()
    wanted: tuple[str, ...] | None = None
    changed_paths: tuple[str, ...] = ()


def core_modules(series: str) -> frozenset[str]:
    """Return the names of the modules of a series, Community and Enterprise."""
    return frozenset(get_core_addons(OdooSeries.from_str(series)))


def community_modules(series: str) -> frozenset[str]:
    """Return the names of the modules that a Community tree of a series brings."""
    known = OdooSeries.from_str(series)
    return frozenset(name for name in get_core_addons(known) if is_core_ce_addon(name, known))


def find_problems(addons: Sequence[Addon], target: Target) -> tuple[Problem, ...]:
    """Return what is wrong with the modules that would be installed, updated or depended on.

    A module that nobody uses may be as broken as it likes.
    """
    if not addons:
        sentence = f"no Odoo module found: no directory of the repository has a {FILE_NAME}"
        return (Problem(kind=ProblemKind.NO_MODULE, sentence=sentence),)
    repository = {addon.name: addon for addon in reversed(addons)}
    used = used_modules(addons, target)
    return (
        *(problem for addon in addons if addon.name in used for problem in _own(addon, target)),
        *(problem for name in used for problem in _missing(repository[name], repository, target)),
        *_unknown_wishes(repository, target),
        *_cycles({name: repository[name] for name in used}),
        *_removed(repository, target),
        *_drifted(repository, target),
    )


def used_modules(addons: Sequence[Addon], target: Target) -> tuple[str, ...]:
    """Return the names of the modules at stake: wanted or installed ones, and what they need."""
    repository = {addon.name: addon for addon in reversed(addons)}
    wanted = target.wanted
    if wanted is None:
        broken = [name for name, addon in repository.items() if addon.problem]
        wanted = (*default_modules(tuple(repository.values())), *broken)
    present = [each.name for each in target.installed if each.state in PRESENT]
    waiting = [name for name in (*wanted, *present) if name in repository]
    used: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in used:
            used.add(name)
            waiting.extend(each for each in repository[name].depends if each in repository)
    return tuple(sorted(used))


def _own(addon: Addon, target: Target) -> Iterator[Problem]:
    if addon.problem:
        yield Problem(
            kind=ProblemKind.UNREADABLE,
            sentence=addon.problem,
            module=addon.name,
            file=addon.problem_file,
            line=addon.problem_line,
        )
    elif not addon.installable:
        yield _of_manifest(
            addon,
            ProblemKind.WRONG_SERIES,
            "it says 'installable': False, but it is wanted, installed or depended on",
        )
    elif not is_of_series(addon.version, series=target.series):
        yield _of_manifest(
            addon,
            ProblemKind.WRONG_SERIES,
            f"version {addon.version} is not for Odoo {target.series}, which will not install it; "
            f"versions look like {target.series}.1.0.0",
        )
    else:
        yield from _scripts(addon, target)


def _of_manifest(addon: Addon, kind: ProblemKind, reason: str) -> Problem:
    file = f"{addon.path}/{FILE_NAME}".removeprefix("./")
    return Problem(kind=kind, sentence=f"{file}: {reason}", module=addon.name, file=file)


def _missing(addon: Addon, repository: Mapping[str, Addon], target: Target) -> Iterator[Problem]:
    for name in addon.depends:
        if name not in repository and name not in target.core:
            yield _of_manifest(
                addon,
                ProblemKind.MISSING_DEPENDENCY,
                f"it depends on {name}, which is neither in the repository nor part of "
                f"{_odoo(name, target)}",
            )


def _unknown_wishes(repository: Mapping[str, Addon], target: Target) -> Iterator[Problem]:
    for name in target.wanted or ():
        if name not in repository and name not in target.core:
            yield Problem(
                kind=ProblemKind.MISSING_DEPENDENCY,
                sentence=f"the instance wants the module {name}, which is neither in the "
                f"repository nor part of {_odoo(name, target)}",
                module=name,
            )


def _odoo(name: str, target: Target) -> str:
    if name in core_modules(target.series):
        return f"this Odoo {target.series} (it belongs to Odoo Enterprise)"
    return f"Odoo {target.series}"


def _cycles(used: Mapping[str, Addon]) -> Iterator[Problem]:
    """Yield one problem for each circle that a walk along the dependencies closes."""
    done: set[str] = set()
    for start in used:
        path = [start]
        pending = [iter(used[start].depends)]
        while path:
            needed = next((each for each in pending[-1] if each in used and each not in done), None)
            if needed is None:
                done.add(path.pop())
                pending.pop()
            elif needed in path:
                yield _cycle(used, path[path.index(needed) :])
                done.add(needed)
            else:
                path.append(needed)
                pending.append(iter(used[needed].depends))


def _cycle(used: Mapping[str, Addon], circle: Sequence[str]) -> Problem:
    return _of_manifest(
        used[circle[0]],
        ProblemKind.DEPENDENCY_CYCLE,
        f"modules depend on each other in a circle: {' → '.join((*circle, circle[0]))}",
    )


def _removed(repository: Collection[str], target: Target) -> Iterator[Problem]:
    known = target.core | MADE_IN_THE_DATABASE
    for each in target.installed:
        if each.state in PRESENT and each.name not in repository and each.name not in known:
            yield Problem(
                kind=ProblemKind.REMOVED_BUT_INSTALLED,
                sentence=f"{each.name} is installed, but neither in the repository nor part of "
                f"Odoo {target.series}: uninstall it first, or put it back",
                module=each.name,
            )


def _drifted(repository: Mapping[str, Addon], target: Target) -> Iterator[Problem]:
    """Yield how the database has gone its own way since its last update."""
    for each in target.installed:
        addon = repository.get(each.name)
        if each.state.startswith("to "):
            yield Problem(
                kind=ProblemKind.TRANSITIONAL_STATE,
                sentence=f"the database left {each.name} in the state {each.state!r}: an update"
                " of it was begun and not ended",
                module=each.name,
            )
        elif addon is not None and each.state in PRESENT and _is_ahead(each, addon):
            yield Problem(
                kind=ProblemKind.NEWER_THAN_CODE,
                sentence=f"the database has {each.name} at {each.version}, the code only at"
                f" {addon.version}: Odoo takes no step back",
                module=each.name,
                file=f"{addon.path}/{FILE_NAME}".removeprefix("./"),
            )


def _is_ahead(installed: InstalledModule, addon: Addon) -> bool:
    return (
        installed.version is not None
        and addon.problem is None
        and version_key(installed.version) > version_key(addon.version)
    )


def _scripts(addon: Addon, target: Target) -> Iterator[Problem]:
    state = next((each for each in target.installed if each.name == addon.name), None)
    installed = state.version if state is not None and state.state in PRESENT else None
    for script in addon.migrations:
        file = f"{addon.path}/{script}".removeprefix("./")
        kind = ProblemKind.SCRIPT_UNREACHABLE
        if script not in addon.callable_migrations:
            kind = ProblemKind.UNREADABLE
            reason = _uncallable(addon, script, installed, target)
        else:
            changed = file in target.changed_paths
            reason = _unreachable(addon, script, target, installed if changed else None)
        if reason:
            yield Problem(kind=kind, sentence=f"{file}: {reason}", module=addon.name, file=file)


def _uncallable(addon: Addon, script: str, installed: str | None, target: Target) -> str | None:
    """Return why a script that is about to run would fail at once."""
    folder = folder_of(script)
    if installed is None or stage_of(script) is None or not is_version_folder(folder):
        return None
    if not runs(folder, installed=installed, version=addon.version, series=target.series):
        return None
    return "Odoo will run it, but it has no function migrate(cr, version)"


def _unreachable(addon: Addon, script: str, target: Target, installed: str | None) -> str | None:
    """Return why Odoo never runs a script, now or later; None when it does or did.

    `installed` is given for a script that has changed: only then is it a mistake that the
    database is past its version.
    """
    folder = folder_of(script)
    if stage_of(script) is None:
        return "Odoo never runs it: its name does not begin with pre-, post- or end-"
    if not is_version_folder(folder):
        return f"Odoo never runs it: {folder!r} is no version it understands"
    if is_newer(folder, addon.version, series=target.series):
        return f"Odoo does not run it: the manifest is only at version {addon.version}"
    if installed is None or runs(
        folder, installed=installed, version=addon.version, series=target.series
    ):
        return None
    return (
        f"it is new or changed, but Odoo does not run it: the database is at {installed} already; "
        "raise the version in the manifest and put the script into a folder of that name"
    )
