"""Evidence and findings: what a check saw, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Gate(StrEnum):
    """The checks that run in a deployment; the value is the `gateKey`."""

    SOURCE_INTEGRITY = "source.integrity"
    MODULES_INSTALLABLE = "modules.installable"
    BUILD_IMAGE = "build.image"
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
    MODULE_UNREADABLE = "module.unreadable"
    MODULE_MISSING_DEPENDENCY = "module.missing_dependency"
    MODULE_WRONG_SERIES = "module.wrong_series"
    MODULE_CYCLE = "module.dependency_cycle"
    MODULE_REMOVED = "module.removed_but_installed"
    MODULE_SCRIPT_UNREACHABLE = "migration.script_unreachable"
    DATA_LOSS = "data.loss_on_rollback"
    DATA_FILE_LOST = "data.file_lost"
    DISK_ROOM = "disk.no_room"
    ROLLBACK_CLASS = "release.rollback_class"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The record of one check that really ran.

    `mode` is static, rehearsal, test or runtime. `failure_card` explains a failure; see
    ocore.odoo.failures for its keys. `exit_code` is of the program the check ran, where it ran one.
    """

    gate: Gate
    name: str
    passed: bool
    summary: str
    mode: str
    started_at: datetime
    completed_at: datetime
    required: bool = True
    warned: bool = False
    exit_code: int | None = None
    log_excerpt: str | None = None
    failure_card: Mapping[str, Any] | None = None
    artifact_refs: tuple[str, ...] = ()
    log_refs: tuple[str, ...] = ()
