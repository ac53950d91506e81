"""The git commands we run, as values, and the environment that keeps them harmless."""

import base64
from pathlib import Path
from typing import Final

from ocore.environments import Repository

_HARMLESS: Final = {
    # No prompt, no configuration of the machine or its users, no helper programs.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C.UTF-8",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}
_SETTINGS: Final = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.symlinks": "true",
    "fetch.fsckObjects": "true",
    "transfer.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "safe.directory": "*",
    "credential.helper": "",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "advice.detachedHead": "false",
}
_RESOLVE: Final = ("rev-parse", "--quiet", "--verify", "--end-of-options")
_IS_ANCESTOR: Final = ("merge-base", "--is-ancestor")
FORMAT: Final = "%H%x00%an%x00%ae%x00%B"
"""git-log(1): SHA, author, their address, the message."""


def environment(repository: Repository | None, *, beside: dict[str, str]) -> dict[str, str]:
    """Return all the variables git gets. A credential travels here, never in an argument.

    Settings go through GIT_CONFIG_COUNT (git-config(1), "ENVIRONMENT"), so that nothing a
    repository brings along is believed.
    """
    settings = dict(_SETTINGS)
    if repository is not None and (repository.username or repository.password):
        pair = f"{repository.username or ''}:{repository.password or ''}"
        token = base64.b64encode(pair.encode()).decode()
        settings["http.extraHeader"] = f"Authorization: Basic {token}"
    numbered = {
        name: text
        for index, (key, value) in enumerate(settings.items())
        for name, text in (
            (f"GIT_CONFIG_KEY_{index}", key),
            (f"GIT_CONFIG_VALUE_{index}", value),
        )
    }
    return {**_HARMLESS, **beside, "GIT_CONFIG_COUNT": str(len(settings)), **numbered}


def init(mirror: Path) -> list[str]:
    return ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(mirror)]


def fetch(mirror: Path, url: str) -> list[str]:
    """Bring all branches and tags, and forget those that are gone."""
    refspecs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
    options = ["--quiet", "--prune", "--no-tags", "--no-auto-gc", "--force"]
    return [*_in(mirror), "fetch", *options, "--", url, *refspecs]


def fetch_commit(mirror: Path, url: str, sha: str) -> list[str]:
    """Ask for one commit that no branch holds any more; servers may refuse."""
    return [*_in(mirror), "fetch", "--quiet", "--no-tags", "--", url, sha]


def ls_remote(url: str, *patterns: str) -> list[str]:
    return ["git", "ls-remote", "--quiet", "--", url, *patterns]


def resolve_in(place: Path, name: str) -> list[str]:
    """As `resolve`, in somebody else's repository, bare or not."""
    return ["git", "-C", str(place), *_RESOLVE, f"{name}^{{commit}}"]


def is_ancestor_in(place: Path, sha: str, branch: str) -> list[str]:
    return ["git", "-C", str(place), *_IS_ANCESTOR, sha, f"refs/heads/{branch}"]


def resolve(mirror: Path, name: str) -> list[str]:
    """Print the commit a name stands for; nothing and code 1 when there is none."""
    return [*_in(mirror), *_RESOLVE, f"{name}^{{commit}}"]


def is_ancestor(mirror: Path, sha: str, branch: str) -> list[str]:
    return [*_in(mirror), *_IS_ANCESTOR, sha, f"refs/heads/{branch}"]


def show(mirror: Path, sha: str) -> list[str]:
    return [*_in(mirror), "show", "--no-patch", f"--format={FORMAT}", "--end-of-options", sha]


def branches(mirror: Path) -> list[str]:
    return [*_in(mirror), "for-each-ref", "--format=%(refname:short)", "refs/heads/"]


def list_tree(mirror: Path, sha: str) -> list[str]:
    r"""Print `<mode> <type> <object> <size>\\t<path>\\0` for each file (git-ls-tree(1))."""
    return [*_in(mirror), "ls-tree", "-r", "-l", "-z", "--full-tree", sha]


def grep(mirror: Path, sha: str, text: str) -> list[str]:
    r"""Print `<sha>:<path>\0` for each file of a commit with this text; code 1 when none has it."""
    return [*_in(mirror), "grep", "-l", "-z", "--fixed-strings", "-e", text, sha]


def read_blob(mirror: Path, blob: str) -> list[str]:
    return [*_in(mirror), "cat-file", "blob", blob]


def export(mirror: Path, sha: str, target: Path) -> list[str]:
    """Write the files of a commit into an existing, empty folder."""
    return [*_in(mirror), f"--work-tree={target}", "checkout", "--quiet", "--force", sha, "--", "."]


def diff_names(mirror: Path, old: str, new: str) -> list[str]:
    return [*_in(mirror), "diff-tree", "-r", "-z", "--name-only", "--no-renames", old, new]


def _in(mirror: Path) -> list[str]:
    return ["git", f"--git-dir={mirror}"]
