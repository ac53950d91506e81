"""Every gate: what it looks at, and when it fails."""

from dataclasses import dataclass
from typing import Final

from ocore.gates.findings import Gate

_G = Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFacts:
    """What a gate is. `seconds` bounds one run; None where the step that holds it has its own.

    A `waivable` one only judges: what the next step needs is there without it.
    """

    title: str
    step: str
    mode: str
    looks_at: str
    fails_when: str
    seconds: float | None = None
    waivable: bool = False


GATES: Final[dict[Gate, GateFacts]] = {
    _G.SOURCE_INTEGRITY: GateFacts(
        title="Source integrity",
        step="Fetch source",
        mode="static",
        looks_at="the ref and the tree of the commit",
        fails_when="the ref cannot be resolved; a path or link leaves the tree; a submodule or"
        " LFS file is missing; the tree is over its limits",
    ),
    _G.MODULES_INSTALLABLE: GateFacts(
        title="Modules installable",
        step="Inspect modules",
        mode="static",
        looks_at="manifests, their dependencies, and what the database has installed",
        fails_when="a manifest or `ocore.toml` cannot be read; wrong series; missing dependency;"
        " cycle; syntax error; an installed module is no longer there",
    ),
    _G.CODE_STATIC: GateFacts(
        title="Static checks",
        step="Validate",
        mode="static",
        looks_at="Python, XML and CSV of the modules in use, Odoo's grammars and models,"
        " pylint-odoo's errors, and the scheduled actions of the database",
        fails_when="a file does not parse or breaks Odoo's grammar; an external id or a view's"
        " field does not exist",
        seconds=600,
        waivable=True,
    ),
    _G.CODE_SECRETS: GateFacts(
        title="Secrets",
        step="Validate",
        mode="static",
        looks_at="every text file of the commit, with Kingfisher's rules, and the fields of Odoo"
        " that hold credentials",
        fails_when="a credential lies in the tree outside tests and demo data",
        seconds=300,
        waivable=True,
    ),
    _G.MIGRATION_SAFETY: GateFacts(
        title="Migration safety",
        step="Validate",
        mode="static",
        looks_at="models, data and scripts of the modules that differ from the live commit",
        fails_when="the update destroys data: a model, column or selection value goes, a type"
        " gets narrower, or a script deletes",
        seconds=300,
        waivable=True,
    ),
    _G.BUILD_IMAGE: GateFacts(
        title="Build image",
        step="Build image",
        mode="static",
        looks_at="Odoo and the Python requirements",
        fails_when="Odoo or a Python dependency cannot be had",
    ),
    _G.DATABASE_REHEARSAL: GateFacts(
        title="Rehearsal",
        step="Rehearse",
        mode="rehearsal",
        looks_at="the real update, on a neutralized copy of the data of now",
        fails_when="the copy cannot be made or made harmless, the update fails on it as"
        " `modules.updated` would, or it takes longer than the instance's `longestWindow`",
        waivable=True,
    ),
    _G.ODOO_TESTS: GateFacts(
        title="Odoo tests",
        step="Rehearse",
        mode="test",
        looks_at="the tests of the modules in the plan, on the updated copy",
        fails_when="one of them does not pass",
        waivable=True,
    ),
    _G.DATABASE_SNAPSHOT: GateFacts(
        title="Snapshot",
        step="Snapshot",
        mode="runtime",
        looks_at="the copy of database and filestore",
        fails_when="there is no room for a snapshot (seen before anything is touched), it cannot be"
        " taken, or it differs from its database",
    ),
    _G.MODULES_UPDATED: GateFacts(
        title="Modules updated",
        step="Update modules",
        mode="runtime",
        looks_at="the updater's exit code and `ir_module_module`",
        fails_when="the updater fails, or `ir_module_module` does not show each planned module"
        " at its new version, or one is left in a transitional state",
    ),
    _G.RUNTIME_HEALTH: GateFacts(
        title="Health",
        step="Health check",
        mode="runtime",
        looks_at="`/web/health`, `/web/login` with its token, an asset, the websocket",
        fails_when="a probe does not pass in time, or a page keeps failing under an Odoo that"
        " says it is healthy",
    ),
    _G.RUNTIME_LOGS: GateFacts(
        title="Runtime logs",
        step="Verify",
        mode="runtime",
        looks_at="the log of the new colour, beside that of the old one",
        fails_when="never; new classes of errors become findings",
    ),
}
