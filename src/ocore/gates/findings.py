"""What checks are called, and what they find: values that everybody shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Gate(StrEnum):
    """The checks that run in a deployment; the value is the `gateKey`."""

    SOURCE_INTEGRITY = "source.integrity"
    MODULES_INSTALLABLE = "modules.installable"
    CODE_STATIC = "code.static"
    CODE_SECRETS = "code.secrets"
    MIGRATION_SAFETY = "migration.safety"
    BUILD_IMAGE = "build.image"
    DATABASE_REHEARSAL = "database.rehearsal"
    ODOO_TESTS = "odoo.tests"
    DATABASE_SNAPSHOT = "database.snapshot"
    MODULES_UPDATED = "modules.updated"
    RUNTIME_HEALTH = "runtime.health"
    RUNTIME_LOGS = "runtime.logs"


class Severity(StrEnum):
    """How bad a finding is."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class GateAction(StrEnum):
    """What the gate does about a finding."""

    BLOCK = "block"
    WARN = "warn"
    INFORM = "inform"


class FindingClass(StrEnum):
    """The closed list of things a check can find."""

    SOURCE_BRANCH_MOVED = "source.branch_moved"
    SOURCE_TREE = "source.tree"
    SOURCE_CONFIGURATION = "source.configuration"
    MODULE_UNREADABLE = "module.unreadable"
    MODULE_MISSING_DEPENDENCY = "module.missing_dependency"
    MODULE_WRONG_SERIES = "module.wrong_series"
    MODULE_CYCLE = "module.dependency_cycle"
    MODULE_REMOVED = "module.removed_but_installed"
    MODULE_NEWER_THAN_CODE = "module.newer_than_code"
    MODULE_TRANSITIONAL = "module.transitional_state"
    MODULE_SCRIPT_UNREACHABLE = "migration.script_unreachable"
    CODE_SYNTAX = "code.syntax"
    CODE_SCHEMA = "code.schema"
    CODE_VIEW_SCHEMA = "code.view_schema"
    CODE_UNKNOWN_EXTERNAL_ID = "code.unknown_external_id"
    CODE_UNREACHABLE_EXTERNAL_ID = "code.undeclared_dependency"
    CODE_UNKNOWN_FIELD = "code.unknown_field"
    CODE_CRON = "code.cron_without_method"
    CODE_LINT = "code.lint_error"
    SECRET_CREDENTIAL = "secret.credential"  # noqa: S105 - the name of a class
    SECRET_ODOO = "secret.odoo_credential"  # noqa: S105 - the name of a class
    SECRET_IN_TESTS = "secret.in_tests"  # noqa: S105 - the name of a class
    SCHEMA_MODEL_DROPPED = "schema.model_dropped"
    SCHEMA_COLUMN_DROPPED = "schema.column_dropped"
    SCHEMA_TABLE_DROPPED = "schema.table_dropped"
    SCHEMA_TYPE_CHANGED = "schema.type_changed"
    SCHEMA_GROWN = "schema.grown"
    SCHEMA_COLUMN_RENAMED = "schema.column_renamed"
    SCHEMA_TYPE_NARROWED = "schema.type_narrowed"
    SCHEMA_REQUIRED_ADDED = "schema.required_added"
    SCHEMA_SELECTION_REMOVED = "schema.selection_value_removed"
    SCHEMA_STORED_COMPUTE = "schema.stored_compute_added"
    DATA_RECORD_REMOVED = "data.record_removed"
    DATA_NOUPDATE_FLIPPED = "data.noupdate_flipped"
    MIGRATION_RAW_SQL = "migration.raw_sql"
    MIGRATION_VERSION_NOT_RAISED = "migration.version_not_raised"
    DATA_ROWS_CHANGED = "data.rows_changed"
    LONG_WINDOW = "rehearsal.long_window"
    DATA_FILE_LOST = "data.file_lost"
    DISK_ROOM = "disk.no_room"
    DATA_LOSS = "data.loss_on_rollback"
    ROLLBACK_CLASS = "release.rollback_class"
    CRON_INTERRUPTED = "cron.interrupted"
    RISK = "release.risk"
    LOG_ERROR = "log.error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fact a check found. `confidence` is 0 to 1; `metadata` is JSON."""

    cls: FindingClass
    severity: Severity
    action: GateAction
    excerpt: str
    confidence: float = 1.0
    metadata: Mapping[str, Any] = field(default_factory=dict)
