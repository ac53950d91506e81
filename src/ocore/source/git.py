"""Source by the git program: a bare mirror for each project, and exports that never change."""

import asyncio
import hashlib
import os
import re
import shutil
from pathlib import Path
from typing import Final

from ocore.artifacts import Commit, Say
from ocore.environments import Project
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.locks import exclusive
from ocore.kit.network import network_in
from ocore.kit.threads import to_its_end
from ocore.odoo.addons import read_addons
from ocore.source import Checkout, Ref, git_commands, pinning
from ocore.source.tree import (
    LFS_POINTER,
    LINK,
    TreeBounds,
    check_content,
    check_links,
    check_tree,
    parse_tree,
)

_MINUTES: Final = 60.0
_EMPTY_WORDS: Final = re.compile(
    r"\s*$|Please make sure you have the correct access rights|and the repository exists"
    r"|error: unable to read askpass response"
)
"""What git says whatever the reason is, and about the prompt that we do not have."""
_PASSED_ON: Final = ("GIT_SSL_CAINFO", "HOME", "SSH_AUTH_SOCK")


class GitSource:
    """Keeps mirrors and exports; several workers of one machine may share them."""

    def __init__(self, mirrors: Path, checkouts: Path, *, bounds: TreeBounds | None = None) -> None:
        self._mirrors = mirrors
        self._checkouts = checkouts
        self._bounds = bounds or TreeBounds()

    async def pin(self, project: Project, ref: Ref, *, seconds: float) -> str | None:
        url = project.repository.url
        local = Path(url).is_absolute()
        if not (ref.branch or ref.tag or local):
            return pinning.whole_sha(ref)
        argv = git_commands.ls_remote(url, *pinning.patterns(ref))
        try:
            printed = await self._git(project, argv, seconds=seconds)
        except StepFailed:
            return pinning.whole_sha(ref)
        found = pinning.pinned(ref, pinning.listed(printed))
        return await self._pin_here(project, ref) if ref.commit_sha and local else found

    async def _pin_here(self, project: Project, ref: Ref) -> str:
        """Look a commit up in a repository on this machine: no fetch is needed to tell."""
        place, given = Path(project.repository.url), (ref.commit_sha or "").lower()
        argv = git_commands.resolve_in(place, given)
        found = (await self._git(project, argv, good=(0, 1))).strip()
        if not found.startswith(given) or not found:
            raise pinning.unknown("commit", given, field="commitSha")
        if ref.branch is not None:
            argv = git_commands.is_ancestor_in(place, found, ref.branch)
            if await self._code(project, argv) != 0:
                reason = f"commit {found} is not on branch {ref.branch}"
                raise pinning.contradiction(reason, field="commitSha")
        return found

    async def fetch(self, project: Project, ref: Ref, *, sha: str | None, say: Say) -> Commit:
        async with exclusive(self._mirrors / f"{project.id}.lock"):
            await self._update_mirror(project, say=say)
            found = await self._commit(project, ref, sha)
        return await self._describe(project, found)

    async def checkout(self, project: Project, sha: str) -> Checkout:
        target = self._checkouts / project.id / sha
        if not target.exists():
            async with exclusive(self._mirrors / f"{project.id}.lock"):
                await self._export(project, sha, target)
        return Checkout(
            path=str(target),
            addons=await asyncio.to_thread(read_addons, target, series=project.odoo_version),
            requirements=_text(target / "requirements.txt"),
            configuration=_text(target / "ocore.toml"),
        )

    async def branch_head(self, project: Project, branch: str) -> str | None:
        return await self._resolved(project, f"refs/heads/{branch}")

    async def changed_paths(self, project: Project, old: str, new: str) -> tuple[str, ...] | None:
        if await self._resolved(project, old) is None:
            return None
        listed = await self._git(project, git_commands.diff_names(self._mirror(project), old, new))
        return tuple(path for path in listed.split("\0") if path)

    async def _update_mirror(self, project: Project, *, say: Say) -> None:
        mirror, url = self._mirror(project), project.repository.url
        say(f"Fetching {url}")
        if not (mirror / "HEAD").exists():
            await self._git(project, git_commands.init(mirror))
        try:
            await self._git(project, git_commands.fetch(mirror, url), seconds=10 * _MINUTES)
        except StepFailed:
            if await self._sound(project):
                raise
            # What a power cut left behind is not worth mending: it can be fetched again.
            say("The mirror is damaged and is made anew")
            await to_its_end(shutil.rmtree, mirror)
            await self._git(project, git_commands.init(mirror))
            await self._git(project, git_commands.fetch(mirror, url), seconds=10 * _MINUTES)

    async def _sound(self, project: Project) -> bool:
        try:
            await self._git(project, git_commands.branches(self._mirror(project)))
        except StepFailed:
            return False
        return not any(self._mirror(project).rglob("*.lock"))

    async def _commit(self, project: Project, ref: Ref, pinned: str | None) -> str:
        """Return the commit the ref names, or the pinned one when the ref could name it."""
        named = {
            "tag": await self._named(project, f"refs/tags/{ref.tag}", ref.tag),
            "commitSha": await self._by_sha(project, ref.commit_sha),
        }
        chosen = [sha for sha in named.values() if sha is not None]
        if len(set(chosen)) > 1:
            raise StepFailed(f"the tag {ref.tag} is not commit {ref.commit_sha}")
        if not chosen and pinned is not None:
            return await self._by_sha(project, pinned) or pinned
        head = await self._named(project, f"refs/heads/{ref.branch}", ref.branch)
        if not chosen:
            return head or ""
        if ref.branch is not None and not await self._on_branch(project, chosen[0], ref.branch):
            raise StepFailed(f"commit {chosen[0]} is not on branch {ref.branch}")
        return chosen[0]

    async def _named(self, project: Project, full_name: str, name: str | None) -> str | None:
        if name is None:
            return None
        sha = await self._resolved(project, full_name)
        if sha is None:
            kind = "branch" if full_name.startswith("refs/heads/") else "tag"
            raise StepFailed(f"there is no {kind} {name}: {await self._known(project)}")
        return sha

    async def _by_sha(self, project: Project, sha: str | None) -> str | None:
        if sha is None:
            return None
        found = await self._resolved(project, sha)
        if found is None and len(sha) == 40:
            # A force-push took it off every branch; some servers still hand it out.
            argv = git_commands.fetch_commit(self._mirror(project), project.repository.url, sha)
            try:
                await self._git(project, argv, seconds=_MINUTES)
            except StepFailed as failure:
                raise StepFailed(f"there is no commit {sha} in the repository") from failure
            found = await self._resolved(project, sha)
        if found is None:
            raise StepFailed(f"there is no commit {sha} in the repository")
        return found

    async def _known(self, project: Project) -> str:
        listed = await self._git(project, git_commands.branches(self._mirror(project)))
        names = listed.split()
        if not names:
            return "the repository is empty; push a commit first"
        return f"the repository has {', '.join(names[:10])}"

    async def _on_branch(self, project: Project, sha: str, branch: str) -> bool:
        await self._named(project, f"refs/heads/{branch}", branch)
        argv = git_commands.is_ancestor(self._mirror(project), sha, branch)
        return await self._code(project, argv) == 0

    async def _resolved(self, project: Project, name: str) -> str | None:
        try:
            printed = await shell.run(
                git_commands.resolve(self._mirror(project), name), env=self._environment(project)
            )
        except shell.CommandFailed:
            return None
        return printed.strip() or None

    async def _describe(self, project: Project, sha: str) -> Commit:
        printed = await self._git(project, git_commands.show(self._mirror(project), sha))
        full, author, email, message = printed.split("\0", 3)
        return Commit(
            sha=full, author=author, author_avatar=avatar_of(email), message=message.strip()
        )

    async def _export(self, project: Project, sha: str, target: Path) -> None:
        if target.exists():
            return
        await self._check(project, sha)
        fresh = target.with_name(f".{sha}.{os.getpid()}")
        await to_its_end(_clear, fresh)
        await self._git(
            project, git_commands.export(self._mirror(project), sha, fresh), seconds=10 * _MINUTES
        )
        await to_its_end(_readable, fresh)
        fresh.rename(target)

    async def _check(self, project: Project, sha: str) -> None:
        mirror = self._mirror(project)
        listing = await self._git(project, git_commands.list_tree(mirror, sha))
        entries = list(parse_tree(listing))
        check_tree(entries, self._bounds)
        check_links(
            {
                entry.path: await self._git(project, git_commands.read_blob(mirror, entry.blob))
                for entry in entries
                if entry.mode == LINK
            }
        )
        await self._check_pointers(project, sha)

    async def _check_pointers(self, project: Project, sha: str) -> None:
        mirror = self._mirror(project)
        argv = git_commands.grep(mirror, sha, LFS_POINTER)
        found = await self._git(project, argv, good=(0, 1))
        for name in filter(None, found.split("\0")):
            content = await self._git(project, git_commands.read_blob(mirror, name))
            check_content(name.partition(":")[2], content)

    async def _code(self, project: Project, argv: list[str]) -> int:
        return await shell.stream(argv, lambda _line: None, env=self._environment(project))

    async def _git(
        self,
        project: Project,
        argv: list[str],
        *,
        seconds: float = 2 * _MINUTES,
        good: tuple[int, ...] = (0,),
    ) -> str:
        try:
            return await shell.run(argv, env=self._environment(project), seconds=seconds)
        except shell.CommandFailed as failure:
            if failure.code in good:
                return ""
            raise StepFailed(_sentence(project, failure), exit_code=failure.code) from None

    def _environment(self, project: Project) -> dict[str, str]:
        own = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return git_commands.environment(project.repository, beside=network_in(os.environ) | own)

    def _mirror(self, project: Project) -> Path:
        return self._mirrors / f"{project.id}.git"


def avatar_of(email: str) -> str:
    """Return the address of a picture (Gravatar's scheme): a hash of the e-mail, never itself."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://gravatar.com/avatar/{digest}?d=identicon"


def _sentence(project: Project, failure: shell.CommandFailed) -> str:
    """Say what git said about a repository, without what nobody may read."""
    text = failure.output.strip() or str(failure)
    for secret in project.repository.secrets:
        text = text.replace(secret, "••••")
    telling = [line.strip() for line in text.splitlines() if not _EMPTY_WORDS.match(line)]
    return f"git cannot read {project.repository.url}: {' '.join(telling[-3:])}"


def _text(file: Path) -> str | None:
    return file.read_text(errors="replace") if file.is_file() else None


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _readable(folder: Path) -> None:
    """Let every user read: Odoo runs as another one."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
