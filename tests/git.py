"""Git repositories for tests, made with the git program."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


def git(path: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ana Ruiz", "-c", "user.email=ana@example.com"]
    command = ["git", "-C", str(path), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def new_repository(path: Path) -> Path:
    path.mkdir(parents=True)
    git(path, "init", "--quiet", "--initial-branch=main")
    return path


def commit(path: Path, files: Mapping[str, str], message: str = "Change") -> str:
    """Write files over what is there, commit, and return the SHA."""
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return commit_all(path, message)


def commit_all(path: Path, message: str = "Change") -> str:
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(path, "rev-parse", "HEAD")
