"""Every class of findings: what it means, what its gate does about it, and what to do."""

from dataclasses import dataclass
from typing import Final

from ocore.gates.findings import FindingClass, Gate, GateAction, Severity

_C, _G, _S = FindingClass, Gate, Severity
_BLOCK, _WARN, _INFORM = GateAction.BLOCK, GateAction.WARN, GateAction.INFORM


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """What a class of findings is, and what its gate does about it unless a finding says so."""

    gate: Gate
    severity: Severity
    action: GateAction
    meaning: str
    remedy: str


def _facts(
    gate: Gate, severity: Severity, action: GateAction, meaning: str, remedy: str
) -> ClassFacts:
    return ClassFacts(gate=gate, severity=severity, action=action, meaning=meaning, remedy=remedy)


CLASSES: Final[dict[FindingClass, ClassFacts]] = {
    _C.SOURCE_BRANCH_MOVED: _facts(
        _G.SOURCE_INTEGRITY,
        _S.LOW,
        _INFORM,
        "The branch went on after the commit was pinned; the pinned commit is deployed.",
        "Deploy again if the newer commit is wanted.",
    ),
    _C.SOURCE_TREE: _facts(
        _G.SOURCE_INTEGRITY,
        _S.HIGH,
        _BLOCK,
        "The repository breaks a rule of the tree: a path or link out of it, a submodule without"
        " its content, a Git LFS pointer, or too many or too large files.",
        "Remove what the excerpt names, or commit its content.",
    ),
    _C.SOURCE_CONFIGURATION: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "`ocore.toml` cannot be read: it is no TOML, or holds a key or a value that means nothing.",
        "Correct the line; `ocore schema` prints what is allowed.",
    ),
    _C.MODULE_UNREADABLE: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "A manifest or a source file of a module in use cannot be parsed.",
        "Correct the line that the excerpt names.",
    ),
    _C.MODULE_MISSING_DEPENDENCY: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "Neither the repository nor Odoo has a module that is depended on.",
        "Add the module to the repository, or remove it from `depends`.",
    ),
    _C.MODULE_WRONG_SERIES: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "The version of a module is for another Odoo series, whose modules Odoo does not install.",
        "Port the module and give it a version of the instance's series.",
    ),
    _C.MODULE_CYCLE: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "Modules depend on each other in a circle, so that Odoo loads none of them.",
        "Move what both need into a third module.",
    ),
    _C.MODULE_REMOVED: _facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "A module is installed whose code is gone.",
        "Uninstall it in Odoo first, or put it back.",
    ),
    _C.MODULE_NEWER_THAN_CODE: _facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "The database has a module at a higher version than the code: Odoo takes no step back.",
        "Roll back to the deployment whose data fits, or deploy newer code.",
    ),
    _C.MODULE_TRANSITIONAL: _facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "The database left a module in a transitional state: an update was begun and not ended.",
        "Deploying updates it; if it stays, look at the module's own log.",
    ),
    _C.MODULE_SCRIPT_UNREACHABLE: _facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "A migration script can never run: its name, its folder or the manifest's version is"
        " wrong. Odoo does not say so.",
        "Raise the version in the manifest, and name folder and file as Odoo wants them.",
    ),
    _C.CODE_SYNTAX: _facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A Python, XML or CSV file that Odoo loads cannot be parsed.",
        "Correct the line that the excerpt names.",
    ),
    _C.CODE_SCHEMA: _facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A data file breaks the grammar `import_xml.rng` of the instance's Odoo, which refuses it.",
        "Correct the element; the excerpt is the grammar's own complaint.",
    ),
    _C.CODE_VIEW_SCHEMA: _facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A view breaks the grammar that Odoo has for its type, and is refused as invalid.",
        "Correct the element or attribute that the excerpt names.",
    ),
    _C.CODE_UNKNOWN_EXTERNAL_ID: _facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "Data refers to an external id that neither the module nor what it depends on declares:"
        " loading ends with `External ID not found in the system`.",
        "Correct the id, or declare the record in a file that is loaded earlier.",
    ),
    _C.CODE_UNREACHABLE_EXTERNAL_ID: _facts(
        _G.CODE_STATIC,
        _S.MEDIUM,
        _WARN,
        "Data refers to a record, or a view to a field, of a module that theirs does not depend on:"
        " whether it is there depends on what else is installed.",
        "Add the module to `depends`.",
    ),
    _C.CODE_UNKNOWN_FIELD: _facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A view names a field that its model does not have: Odoo refuses the view.",
        "Correct the name, add the field, or depend on the module that has it.",
    ),
    _C.CODE_LINT: _facts(
        _G.CODE_STATIC,
        _S.MEDIUM,
        _WARN,
        "pylint-odoo reports an error that shows at run time: SQL built from text, a commit in the"
        " middle of a transaction, a request without a timeout, a removed API.",
        "Follow the message, or put `# pylint: disable=…` with a reason on the line.",
    ),
    _C.SECRET_CREDENTIAL: _facts(
        _G.CODE_SECRETS,
        _S.CRITICAL,
        _BLOCK,
        "A credential lies in the tree: everybody who can read the repository can use it.",
        "Revoke it, then take it out: what was pushed once is known.",
    ),
    _C.SECRET_ODOO: _facts(
        _G.CODE_SECRETS,
        _S.HIGH,
        _BLOCK,
        "A data file fills a field of Odoo that holds a credential and nothing else.",
        "Leave the field empty and set it in the database, or by an environment variable.",
    ),
    _C.SECRET_IN_TESTS: _facts(
        _G.CODE_SECRETS,
        _S.LOW,
        _INFORM,
        "What looks like a credential lies in tests or demo data, where it is mostly made up.",
        "Make sure that it opens nothing.",
    ),
    _C.SCHEMA_MODEL_DROPPED: _facts(
        _G.MIGRATION_SAFETY,
        _S.CRITICAL,
        _BLOCK,
        "A model with a table is gone: Odoo drops the table when it updates the module.",
        "Move its rows in a pre- script, or keep the model for one more release.",
    ),
    _C.SCHEMA_COLUMN_DROPPED: _facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field is gone: Odoo drops its column, with what is in it, at the update.",
        "Copy the column in a pre- script of the new version, or keep the field.",
    ),
    _C.SCHEMA_COLUMN_RENAMED: _facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field is gone and one of the same kind is new: it looks renamed, and Odoo would"
        " drop the old column and make an empty one.",
        "Rename the column in a pre- script of the new version.",
    ),
    _C.SCHEMA_TYPE_NARROWED: _facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field changes to a type that cannot hold every value it has: Odoo keeps the old"
        " column under another name and starts an empty one, or cuts values off.",
        "Convert the column in a pre- script of the new version.",
    ),
    _C.SCHEMA_REQUIRED_ADDED: _facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A field becomes required and has no default: rows without a value keep Odoo from setting"
        " NOT NULL.",
        "Give it a default, or fill the column in a pre- script.",
    ),
    _C.SCHEMA_SELECTION_REMOVED: _facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A value of a selection is gone: rows that have it keep a value that means nothing.",
        "Map the value in a pre- script, or declare `ondelete` where it was added.",
    ),
    _C.SCHEMA_STORED_COMPUTE: _facts(
        _G.MIGRATION_SAFETY,
        _S.LOW,
        _INFORM,
        "A stored computed field is new: Odoo computes it for every row during the update.",
        "On a large table, make and fill the column in a pre- script.",
    ),
    _C.DATA_RECORD_REMOVED: _facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A record is no longer declared: Odoo deletes it at the update, or fails where other"
        " records depend on it.",
        "Move what depends on it in a script, or keep it with `noupdate`.",
    ),
    _C.DATA_NOUPDATE_FLIPPED: _facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A record changes its `noupdate`. Databases keep the flag of the first install, so that"
        " old and new instances behave differently from now on.",
        "Set `ir_model_data.noupdate` in a script as well.",
    ),
    _C.MIGRATION_RAW_SQL: _facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A migration script that is new or changed takes rows, columns or tables away:"
        " DROP, DELETE, TRUNCATE, or UPDATE without WHERE.",
        "Keep what it takes in another table or column until the release has proved itself.",
    ),
    _C.MIGRATION_VERSION_NOT_RAISED: _facts(
        _G.MIGRATION_SAFETY,
        _S.LOW,
        _WARN,
        "The tables of a module change in a way that needs a migration, but its version stays, so"
        " that no script of it can run.",
        "Raise the version in the manifest and add the script.",
    ),
    _C.SCHEMA_TABLE_DROPPED: _facts(
        _G.DATABASE_REHEARSAL,
        _S.HIGH,
        _WARN,
        "The rehearsed update removed a table.",
        "Keep the model, or copy what is in the table first.",
    ),
    _C.SCHEMA_TYPE_CHANGED: _facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "The rehearsed update gave a column another type.",
        "Look at the values in a copy of the data.",
    ),
    _C.SCHEMA_GROWN: _facts(
        _G.DATABASE_REHEARSAL,
        _S.INFO,
        _INFORM,
        "The tables and columns that the rehearsed update added.",
        "Nothing: it is told so that nobody is surprised.",
    ),
    _C.DATA_ROWS_CHANGED: _facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "Rows that came or went in the rehearsed update, by table.",
        "Look at the migration scripts when rows went that should have stayed.",
    ),
    _C.LONG_WINDOW: _facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "The rehearsed update took longer than requests are held.",
        "Deploy at a quiet hour, or do the slow part beforehand.",
    ),
    _C.DATA_FILE_LOST: _facts(
        _G.DATABASE_SNAPSHOT,
        _S.MEDIUM,
        _WARN,
        "The database refers to files that the filestore lost before the deployment.",
        "Restore them from a backup; no snapshot can bring them back.",
    ),
    _C.DISK_ROOM: _facts(
        _G.DATABASE_SNAPSHOT,
        _S.HIGH,
        _BLOCK,
        "A snapshot and the update would not fit on the disk of the databases.",
        "Free as much as the excerpt names, or delete snapshots.",
    ),
    _C.DATA_LOSS: _facts(
        _G.DATABASE_SNAPSHOT,
        _S.MEDIUM,
        _INFORM,
        "Rows that a rollback takes away or brings back, by table.",
        "Export them before the rollback, if they are needed.",
    ),
    _C.ROLLBACK_CLASS: _facts(
        _G.RUNTIME_LOGS,
        _S.INFO,
        _INFORM,
        "What going back behind this deployment takes, and why: `code_only_safe`,"
        " `needs_data_restore` or `irreversible`.",
        "Nothing: it is told before anybody needs it.",
    ),
    _C.LOG_ERROR: _facts(
        _G.RUNTIME_LOGS,
        _S.MEDIUM,
        _WARN,
        "A line of the log that deserves a look.",
        "Read the log around it.",
    ),
}
