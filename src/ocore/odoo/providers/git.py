"""Odoo from a git repository: the branch of its series, or the ref that was asked for."""

import os
import shutil
from pathlib import Path
from typing import Final

from ocore.artifacts import Say
from ocore.errors import StepFailed
from ocore.kit import shell
from ocore.kit.locks import exclusive
from ocore.kit.network import network_in
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.layout import check_whole, source_tree

UPSTREAM: Final = "https://github.com/odoo/odoo.git"
_HARMLESS: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


class GitProvider:
    """Keeps one tree a commit under `cache`. `source` is `URL` or `URL@ref`; None is Odoo's own."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        url, ref = split_ref(source or UPSTREAM, series)
        async with exclusive(self._cache / "locks" / "odoo-git.lock"):
            sha = await self._resolve(url, ref)
            target = self._cache / "odoo" / f"git-{sha[:16]}"
            if not target.exists():
                say(f"Fetching Odoo {series} from {url} at {ref}")
                await self._fetch(url, ref, target)
        return check_whole(source_tree(target, series, sha), series)

    async def _resolve(self, url: str, ref: str) -> str:
        # In full: a name alone is compared with the ends of all names (git-ls-remote(1)).
        names = (f"refs/heads/{ref}", f"refs/tags/{ref}")
        listed = await self._git("ls-remote", "--", url, *names)
        if not listed:
            raise StepFailed(f"{url} has no branch or tag {ref}")
        return listed.split()[0]

    async def _fetch(self, url: str, ref: str, target: Path) -> None:
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        await self._git(*clone_arguments(url, ref, fresh))
        shutil.rmtree(fresh / ".git")
        fresh.rename(target)

    async def _git(self, *arguments: str) -> str:
        try:
            environment = {**network_in(os.environ), **_HARMLESS}
            return await shell.run(["git", *arguments], env=environment, seconds=1800)
        except shell.CommandFailed as failure:
            raise StepFailed(f"Odoo cannot be fetched: {failure}") from failure


def clone_arguments(url: str, ref: str, target: Path) -> list[str]:
    options = ["--quiet", "--depth=1", "--single-branch", f"--branch={ref}"]
    return ["clone", *options, "--", url, str(target)]


def split_ref(source: str, series: str) -> tuple[str, str]:
    """Take `URL@ref` apart; an @ that belongs to the address (git@host:…) stays with it."""
    url, at, ref = source.rpartition("@")
    if at and "/" not in ref and ":" not in ref:
        return url, ref
    return source, series
