"""A real git repository with a module, two branches and a tag, for deployments to name."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
}


@dataclass(frozen=True, kw_only=True)
class Repository:
    """`first` and `second` are on main, `aside` is on next alone; the tag v1 is `first`."""

    path: Path
    first: str
    second: str
    aside: str


def make_repository(path: Path) -> Repository:
    path.mkdir(parents=True)
    _git(path, "init", "--quiet", "--initial-branch=main")
    (path / "loans").mkdir()
    (path / "loans" / "__init__.py").touch()
    (path / "loans" / "__manifest__.py").write_text("{'name': 'Loans', 'version': '1.0.0'}")
    first = _commit(path, "Lend books")
    _git(path, "tag", "--annotate", "--message=First release", "v1")
    second = _commit(path, "Lend films")
    _git(path, "checkout", "--quiet", "-b", "next", first)
    aside = _commit(path, "Lend tools")
    return Repository(path=path, first=first, second=second, aside=aside)


def _commit(path: Path, message: str) -> str:
    (path / "README").write_text(message)
    _git(path, "add", "--all")
    _git(path, "commit", "--quiet", f"--message={message}")
    return _git(path, "rev-parse", "HEAD")


def _git(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(path), *arguments],
        env=_AUTHOR,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()
