"""What each step hands to the steps after it. Values only; the journal keeps them."""

from dataclasses import dataclass, field
from typing import TypeVar

from ocore.artifacts import Colour, Commit, Endpoint, Image, Snapshot
from ocore.gates.configuration import Configuration
from ocore.odoo.plan import PlannedChange
from ocore.odoo.schema import SchemaChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Step FETCH: the commit that is deployed, whatever its branch does meanwhile."""

    commit: Commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """Step INSPECT: the update plan, and what the build needs to know of the modules.

    `scripts` are the migration scripts that will run, in order; `changed_files` counts the files
    that differ from the live commit (None: there is none, or it is not known here).
    `used` are the modules at stake, by name; `configuration` is what the repository asks for.
    """

    install: tuple[PlannedChange, ...]
    update: tuple[PlannedChange, ...]
    modules: tuple[str, ...]
    checksums: dict[str, str]
    python_dependencies: tuple[str, ...]
    scripts: tuple[str, ...]
    changed_files: int | None
    used: tuple[str, ...] = ()
    configuration: Configuration = field(default_factory=Configuration)

    @property
    def planned(self) -> tuple[PlannedChange, ...]:
        return (*self.install, *self.update)

    @property
    def touches_database(self) -> bool:
        return bool(self.planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """Step BUILD: the image to start."""

    image: Image


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """Step PUSH: the image by its digest, which no later push can change."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """Step REHEARSE: how long the update took on a copy of the data, and how many tests passed."""

    update_ms: int
    tests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Step PREPARE: the image to start again and the copy of the snapshot to put in place.

    No copy: the data stays as it is.
    """

    image: Image
    target: Snapshot
    copy: Snapshot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapped:
    """Step SNAPSHOT: how to come back."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Updated:
    """Step UPDATE: the modules that `ir_module_module` proves to be at their new version.

    `change` is what that did to the shape of the database.
    """

    modules: tuple[str, ...]
    change: SchemaChange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Step START: the colour that will be live, and where it listens."""

    colour: Colour
    endpoint: Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverted:
    """Step ROLL_BACK: the snapshot that took the database's place, and so is no longer kept."""

    snapshot_id: str


Artifact = (
    Fetched
    | Inspected
    | Built
    | Pushed
    | Rehearsed
    | Prepared
    | Snapped
    | Updated
    | Started
    | Reverted
)
A = TypeVar("A", bound=Artifact)
