"""The sample module's repository: three commits, the last of which breaks on purpose."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ocore.kit import shell

_COMMITS: Final = Path(__file__).parent / "commits"
_MESSAGES: Final = (
    "Lend books",
    "Rate books, and say when loans are due",
    "Archive old loans",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCommits:
    """The SHAs, which are the same wherever the repository is made."""

    first: str
    second: str
    broken: str


async def build_repository(path: Path) -> DemoCommits:
    """Make the repository at `path`, with branch main and the tags v1 to v3; anew each time."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    await _git(path, "init", "--quiet", "--initial-branch=main")
    shas = []
    for number, message in enumerate(_MESSAGES, start=1):
        _lay(_COMMITS / str(number), path)
        await _git(path, "add", "--all")
        await _git(path, "commit", "--quiet", "--no-verify", "-m", message, day=number)
        await _git(path, "tag", f"v{number}")
        shas.append((await _git(path, "rev-parse", "HEAD")).strip())
    first, second, broken = shas
    return DemoCommits(first=first, second=second, broken=broken)


def _lay(files: Path, over: Path) -> None:
    # Without their times: git takes a file of the same size and time for unchanged.
    shutil.copytree(files, over, dirs_exist_ok=True, copy_function=shutil.copyfile)


async def _git(path: Path, *arguments: str, day: int = 1) -> str:
    when = f"2026-01-{day:02d}T09:00:00+00:00"
    identity = {
        "GIT_AUTHOR_NAME": "Ana Ruiz",
        "GIT_AUTHOR_EMAIL": "ana@example.com",
        "GIT_AUTHOR_DATE": when,
        "GIT_COMMITTER_NAME": "Ana Ruiz",
        "GIT_COMMITTER_EMAIL": "ana@example.com",
        "GIT_COMMITTER_DATE": when,
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }
    return await shell.run(["git", "-C", str(path), *arguments], env=identity)
