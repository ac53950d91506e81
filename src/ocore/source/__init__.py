"""Source: git repositories of Odoo modules, cached per project."""

from dataclasses import dataclass
from typing import Protocol

from ocore.artifacts import Commit, Say
from ocore.environments import Project
from ocore.odoo.addons import Addon


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """What to deploy. At least one is given; what is given must agree.

    `commit_sha` is 7 to 40 hexadecimal digits; with `branch` it must be on that branch.
    """

    branch: str | None = None
    commit_sha: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The files of one commit in a directory that never changes once it exists.

    `requirements` is the text of the `requirements.txt` at its root, `configuration` that of the
    `ocore.toml`; None when there is none.
    """

    path: str
    addons: tuple[Addon, ...]
    requirements: str | None = None
    configuration: str | None = None


class Source(Protocol):
    """Reads repositories that nobody has vetted: no hook, no filter, no submodule code runs.

    No credential ever appears in what is said, raised or listed among processes.
    """

    async def pin(self, project: Project, ref: Ref, *, seconds: float) -> str | None:
        """Return the full SHA the ref names now, or None when that cannot be had in time.

        Impossible when the repository answers in time, and has no such ref or what was given
        disagrees.
        """
        ...

    async def fetch(self, project: Project, ref: Ref, *, sha: str | None, say: Say) -> Commit:
        """Bring the commit into the project's mirror and return it.

        With `sha` (pinned earlier) the ref is only checked against it, never resolved again.
        StepFailed names the ref, the reason and the way out.
        """
        ...

    async def checkout(self, project: Project, sha: str) -> Checkout:
        """Return the files of a fetched commit; the same directory each time.

        StepFailed when the tree breaks a rule: a path or link out of the tree, a file or tree over
        the limits, a submodule without its content, a Git LFS pointer.
        """
        ...

    async def branch_head(self, project: Project, branch: str) -> str | None:
        """Return the commit a branch was at when it was last fetched; None when it is unknown."""
        ...

    async def changed_paths(self, project: Project, old: str, new: str) -> tuple[str, ...] | None:
        """Return the paths that differ between two commits; None when `old` is not known here."""
        ...
