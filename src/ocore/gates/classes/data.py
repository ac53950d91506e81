"""Classes of what a deployment does to the data, and of what is seen while it runs."""

from typing import Final

from ocore.gates.classes.facts import ClassFacts, facts
from ocore.gates.findings import FindingClass, Gate, GateAction, Severity

_C, _G, _S = FindingClass, Gate, Severity
_BLOCK, _WARN, _INFORM = GateAction.BLOCK, GateAction.WARN, GateAction.INFORM

OF_DATA: Final[dict[FindingClass, ClassFacts]] = {
    _C.SCHEMA_MODEL_DROPPED: facts(
        _G.MIGRATION_SAFETY,
        _S.CRITICAL,
        _BLOCK,
        "A model with a table is gone: Odoo drops the table when it updates the module.",
        "Move its rows in a pre- script, or keep the model for one more release.",
    ),
    _C.SCHEMA_COLUMN_DROPPED: facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field is gone: Odoo drops its column, with what is in it, at the update.",
        "Copy the column in a pre- script of the new version, or keep the field.",
    ),
    _C.SCHEMA_COLUMN_RENAMED: facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field is gone and one of the same kind is new: it looks renamed, and Odoo would"
        " drop the old column and make an empty one.",
        "Rename the column in a pre- script of the new version.",
    ),
    _C.SCHEMA_TYPE_NARROWED: facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A stored field changes to a type that cannot hold every value it has: Odoo keeps the old"
        " column under another name and starts an empty one, or cuts values off.",
        "Convert the column in a pre- script of the new version.",
    ),
    _C.SCHEMA_REQUIRED_ADDED: facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A field becomes required and has no default: rows without a value keep Odoo from setting"
        " NOT NULL.",
        "Give it a default, or fill the column in a pre- script.",
    ),
    _C.SCHEMA_SELECTION_REMOVED: facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A value of a selection is gone: rows that have it keep a value that means nothing.",
        "Map the value in a pre- script, or declare `ondelete` where it was added.",
    ),
    _C.SCHEMA_STORED_COMPUTE: facts(
        _G.MIGRATION_SAFETY,
        _S.LOW,
        _INFORM,
        "A stored computed field is new: Odoo computes it for every row during the update.",
        "On a large table, make and fill the column in a pre- script.",
    ),
    _C.DATA_RECORD_REMOVED: facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A record is no longer declared: Odoo deletes it at the update, or fails where other"
        " records depend on it.",
        "Move what depends on it in a script, or keep it with `noupdate`.",
    ),
    _C.DATA_NOUPDATE_FLIPPED: facts(
        _G.MIGRATION_SAFETY,
        _S.MEDIUM,
        _WARN,
        "A record changes its `noupdate`. Databases keep the flag of the first install, so that"
        " old and new instances behave differently from now on.",
        "Set `ir_model_data.noupdate` in a script as well.",
    ),
    _C.MIGRATION_RAW_SQL: facts(
        _G.MIGRATION_SAFETY,
        _S.HIGH,
        _BLOCK,
        "A migration script that is new or changed takes rows, columns or tables away:"
        " DROP, DELETE, TRUNCATE, or UPDATE without WHERE.",
        "Keep what it takes in another table or column until the release has proved itself.",
    ),
    _C.MIGRATION_VERSION_NOT_RAISED: facts(
        _G.MIGRATION_SAFETY,
        _S.LOW,
        _WARN,
        "The tables of a module change in a way that needs a migration, but its version stays, so"
        " that no script of it can run.",
        "Raise the version in the manifest and add the script.",
    ),
    _C.SCHEMA_TABLE_DROPPED: facts(
        _G.DATABASE_REHEARSAL,
        _S.HIGH,
        _WARN,
        "The rehearsed update removed a table.",
        "Keep the model, or copy what is in the table first.",
    ),
    _C.SCHEMA_TYPE_CHANGED: facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "The rehearsed update gave a column another type.",
        "Look at the values in a copy of the data.",
    ),
    _C.SCHEMA_GROWN: facts(
        _G.DATABASE_REHEARSAL,
        _S.INFO,
        _INFORM,
        "The tables and columns that the rehearsed update added.",
        "Nothing: it is told so that nobody is surprised.",
    ),
    _C.DATA_ROWS_CHANGED: facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "Rows that came or went in the rehearsed update, by table.",
        "Look at the migration scripts when rows went that should have stayed.",
    ),
    _C.LONG_WINDOW: facts(
        _G.DATABASE_REHEARSAL,
        _S.MEDIUM,
        _WARN,
        "The rehearsed update took longer than requests are held.",
        "Deploy at a quiet hour, or do the slow part beforehand.",
    ),
    _C.DATA_FILE_LOST: facts(
        _G.DATABASE_SNAPSHOT,
        _S.MEDIUM,
        _WARN,
        "The database refers to files that the filestore lost before the deployment.",
        "Restore them from a backup; no snapshot can bring them back.",
    ),
    _C.DISK_ROOM: facts(
        _G.DATABASE_SNAPSHOT,
        _S.HIGH,
        _BLOCK,
        "A snapshot and the update would not fit on the disk of the databases.",
        "Free as much as the excerpt names, or delete snapshots.",
    ),
    _C.DATA_LOSS: facts(
        _G.DATABASE_SNAPSHOT,
        _S.MEDIUM,
        _INFORM,
        "Rows that a rollback takes away or brings back, by table.",
        "Export them before the rollback, if they are needed.",
    ),
    _C.ROLLBACK_CLASS: facts(
        _G.RUNTIME_LOGS,
        _S.INFO,
        _INFORM,
        "What going back behind this deployment takes, and why: `code_only_safe`,"
        " `needs_data_restore` or `irreversible`.",
        "Nothing: it is told before anybody needs it.",
    ),
    _C.CRON_INTERRUPTED: facts(
        _G.RUNTIME_LOGS,
        _S.MEDIUM,
        _WARN,
        "A scheduled action was still at work when its time to end was over (`OCORE_CRON_SECONDS`),"
        " and was cut so that the version could change. PostgreSQL took back what it had not"
        " committed, and Odoo runs it again.",
        "See whether what it does outside the database, such as sending mail, may happen twice. Let"
        " it work in small batches that commit (`ir.cron._commit_progress`): one that is cut three"
        " times in a row without progress counts as failed.",
    ),
    _C.RISK: facts(
        _G.MODULES_INSTALLABLE,
        _S.INFO,
        _INFORM,
        "What the risk is made of: its three biggest contributions, with their points.",
        "Look at these first. The [table of points](../gates.md#risk) says what counts how much.",
    ),
    _C.LOG_ERROR: facts(
        _G.RUNTIME_LOGS,
        _S.MEDIUM,
        _WARN,
        "A line of the log that deserves a look.",
        "Read the log around it.",
    ),
}
