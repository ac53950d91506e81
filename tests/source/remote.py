"""A repository as its owners see it, and our source looking at it."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from ocore.artifacts import Commit
from ocore.environments import Project, Repository
from ocore.source import Checkout, Ref
from ocore.source.git import GitSource
from ocore.source.tree import TreeBounds
from tests import git

MANIFEST = "{'name': 'Loans', 'version': '1.0.0', 'depends': ['base']}\n"
MODULE = {"loans/__init__.py": "", "loans/__manifest__.py": MANIFEST}


@dataclass
class Remote:
    """`said` is what the source told the log."""

    path: Path
    home: Path
    said: list[str] = field(default_factory=list)

    def source(self, **bounds: int) -> GitSource:
        return GitSource(
            self.home / "mirrors", self.home / "checkouts", bounds=TreeBounds(**bounds)
        )

    @property
    def project(self) -> Project:
        return Project(
            id="01900000-0000-7000-8000-00000000000a",
            organization_id="o",
            organization_slug="acme",
            name="Library",
            slug="library",
            repository=Repository(url=str(self.path)),
            odoo_version="19.0",
        )

    @property
    def mirror(self) -> Path:
        return self.home / "mirrors" / f"{self.project.id}.git"

    def at(self, repository: Repository) -> Project:
        return replace(self.project, repository=repository)

    def commit(self, message: str = "Change", **files: str) -> str:
        """Commit a module, and files besides; `__` in a name stands for a slash."""
        named = {name.replace("__", "/"): content for name, content in files.items()}
        return git.commit(self.path, {**MODULE, **named}, message)

    async def fetch(self, *, sha: str | None = None, **ref: str) -> Commit:
        found = Ref(**ref)
        return await self.source().fetch(self.project, found, sha=sha, say=self.said.append)

    async def checkout(self, **bounds: int) -> Checkout:
        """Fetch what main holds now, and check it out."""
        commit = await self.fetch(branch="main")
        return await self.source(**bounds).checkout(self.project, commit.sha)
