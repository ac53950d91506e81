"""What Odoo's updater must install and update, and why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.versions import version_key

PRESENT: Final = frozenset({"installed", "to upgrade"})
"""The states of a module whose tables and records are in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    """One module of the plan: the version it must be at afterwards, and why, in plain words."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdatePlan:
    """Modules for `-i` and for `-u`, each sorted by name. Both may be empty."""

    install: tuple[PlannedChange, ...] = ()
    update: tuple[PlannedChange, ...] = ()


def plan_update(
    addons: Sequence[Addon],
    installed: Sequence[InstalledModule],
    remembered: Mapping[str, str],
    *,
    wanted: Collection[str] | None,
) -> UpdatePlan:
    """Return what must be done so that the database fits these modules.

    Only modules in `addons` are planned; those with a problem and those not installable never.
    `remembered` are the checksums of the last success. `wanted` None asks for every module but
    those with `auto_install`: these Odoo installs by itself once their dependencies are there.
    """
    usable = {each.name: each for each in addons if each.installable and each.problem is None}
    states = {each.name: each for each in installed}
    present = {name for name, each in states.items() if each.state in PRESENT and name in usable}
    installs = _installs(usable, states, present, wanted)
    updates = {
        name: reasons
        for name in present
        if (reasons := _reasons(usable[name], states[name], remembered, installs))
    }
    return UpdatePlan(
        install=_changes(usable, installs),
        update=_changes(usable, {name: "; ".join(reasons) for name, reasons in updates.items()}),
    )


def default_modules(addons: Sequence[Addon]) -> tuple[str, ...]:
    """Return what an instance gets when nobody said which modules it wants."""
    return tuple(
        each.name
        for each in addons
        if each.installable and each.problem is None and not each.auto_install
    )


def _installs(
    usable: Mapping[str, Addon],
    states: Mapping[str, InstalledModule],
    present: Collection[str],
    wanted: Collection[str] | None,
) -> dict[str, str]:
    """Return the modules to install with their reasons: what is wanted, and what that needs."""
    if wanted is None:
        wanted = default_modules(tuple(usable.values()))
    reasons = dict.fromkeys((name for name in wanted if name in usable), "not installed yet")
    for name, each in states.items():
        if each.state == "to install" and name in usable:
            reasons[name] = "left in state to install"
    waiting = [*sorted(reasons), *sorted(present)]
    while waiting:
        name = waiting.pop()
        for needed in usable[name].depends:
            if needed in usable and needed not in reasons and needed not in present:
                reasons[needed] = f"{name} depends on it"
                waiting.append(needed)
    return {name: reason for name, reason in reasons.items() if name not in present}


def _reasons(
    addon: Addon,
    state: InstalledModule,
    remembered: Mapping[str, str],
    installs: Collection[str],
) -> list[str]:
    reasons = []
    checksum = remembered.get(addon.name)
    if not checksum:
        reasons.append("no checksum remembered from an earlier update")
    elif checksum != addon.checksum:
        reasons.append("content changed")
    if state.version is None:
        reasons.append("the database knows no version of it")
    elif version_key(addon.version) > version_key(state.version):
        reasons.append(f"version {addon.version} is newer than the installed {state.version}")
    if state.state != "installed":
        reasons.append(f"left in state {state.state}")
    new = sorted(name for name in addon.depends if name in installs)
    if new:
        reasons.append(f"a module it depends on is new: {', '.join(new)}")
    return reasons


def _changes(usable: Mapping[str, Addon], reasons: Mapping[str, str]) -> tuple[PlannedChange, ...]:
    return tuple(
        PlannedChange(name=name, version=usable[name].version, reason=reasons[name])
        for name in sorted(reasons)
    )
