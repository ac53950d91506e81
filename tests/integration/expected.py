"""What an instance must hold after each step of a sequence: a model of a few values."""

from dataclasses import dataclass, field, replace
from enum import StrEnum


class Kind(StrEnum):
    """What a commit changes, seen from the one before it."""

    CODE = "code"
    """Only what needs no update of the module."""
    UPDATE = "update"
    """The version, with a migration script that marks each row."""
    FAILING_UPDATE = "failing update"
    """The version, with a migration script that deletes all there is, and then fails."""
    NO_START = "no start"
    """An update that succeeds, and code with which Odoo does not start afterwards."""

    @property
    def good(self) -> bool:
        return self in {Kind.CODE, Kind.UPDATE}

    @property
    def cause(self) -> str:
        """What the sentence on a deployment of it must name when it is not good."""
        return {Kind.FAILING_UPDATE: "no_such_column", Kind.NO_START: "Health check"}.get(self, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One commit. `mark` is what it serves as a page; `scripts` are the migrations it carries."""

    sha: str
    mark: int
    version: int
    scripts: tuple[int, ...] = ()

    @property
    def content(self) -> tuple[int, tuple[int, ...]]:
        """What the database must be updated for when it differs."""
        return self.version, self.scripts


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Rows in the order in which they were written, attachments by name with what is in them.

    `content` is what the database was last updated to.
    """

    rows: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    content: tuple[int, tuple[int, ...]] = (0, ())

    def needs_update(self, release: Release) -> bool:
        return release.content != self.content

    def scripts_of(self, release: Release) -> tuple[int, ...]:
        """Return the migrations that Odoo runs on the way to this release, in order."""
        at = self.content[0]
        return tuple(sorted(n for n in release.scripts if at < n <= release.version))

    def updated(self, release: Release) -> "Data":
        """Return the data after an update: once, and to its end."""
        if not self.needs_update(release):
            return self
        marks = "".join(f"+{number}" for number in self.scripts_of(release))
        rows = tuple(row + marks for row in self.rows)
        return replace(self, rows=rows, content=release.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """A deployment that went live; `before` is the data that it found, `binds` it to its own.

    Behind one that binds, the code of earlier ones would not fit the data as it is.
    """

    deployment_id: str
    release: Release
    before: Data
    binds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The whole instance: its data, and what went live, newest last."""

    data: Data = field(default_factory=Data)
    successes: tuple[Success, ...] = ()

    @property
    def live(self) -> Release:
        return self.successes[-1].release

    @property
    def targets(self) -> tuple[Success, ...]:
        """Return what can be gone back to, newest first."""
        return self.successes[-2::-1]

    def deployed(self, deployment_id: str, release: Release) -> "Expected":
        """Return what must be after a success."""
        success = Success(
            deployment_id=deployment_id,
            release=release,
            before=self.data,
            binds=not self.successes or bool(self.data.scripts_of(release)),
        )
        return Expected(data=self.data.updated(release), successes=(*self.successes, success))

    def allows_code_only(self, target: Success) -> bool:
        return not any(later.binds for later in self._since(target))

    def rolled_back(self, deployment_id: str, target: Success, *, data: bool) -> "Expected":
        """Return what must be after a rollback; with its data, that is as its successor found."""
        successor = self._since(target)[0]
        success = Success(
            deployment_id=deployment_id, release=target.release, before=self.data, binds=data
        )
        kept = successor.before if data else self.data
        return Expected(data=kept, successes=(*self.successes, success))

    def _since(self, target: Success) -> tuple[Success, ...]:
        return self.successes[self.successes.index(target) + 1 :]
