"""Kingfisher, a scanner for credentials with some hundred rules, run without any network.

What it finds leaves this module as a hash: no value of a credential is kept anywhere.
"""

import os
import sysconfig
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import msgspec

from ocore.kit import shell
from ocore.kit.privileges import as_user

_GOOD: Final = (0, 200, 205)
"""Exit codes: nothing found; findings; findings that were validated (which we never ask for)."""

SKIPPED: Final = (
    *(".po", ".pot", ".svg", ".min.js", ".min.css", ".map"),
    *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".eot"),
    *(".mp3", ".mp4", ".ogg", ".wav", ".webm", ".zip", ".gz", ".pyc"),
)
"""How names of files end that hold no credential that anybody could read."""


def is_skipped(name: str) -> bool:
    """Say whether files of this name are passed by."""
    return name.endswith(SKIPPED)


class Secret(msgspec.Struct, frozen=True, array_like=True):
    """A credential by its place. `file` is as given to the scanner; `fingerprint` is no value."""

    rule: str
    title: str
    file: str
    line: int
    confidence: str
    fingerprint: str


class _Rule(msgspec.Struct, frozen=True):
    id: str
    name: str


class _Finding(msgspec.Struct, frozen=True):
    path: str
    line: int
    confidence: str
    fingerprint: str


class _Line(msgspec.Struct, frozen=True):
    rule: _Rule | None = None
    finding: _Finding | None = None


def program() -> Path:
    """Return the binary that the package `kingfisher-bin` brings."""
    spec = find_spec("kingfisher")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "kingfisher"
    return Path(sysconfig.get_path("scripts")) / "kingfisher"


def scan_command(binary: Path, paths: Sequence[str], *, jobs: int, cache: Path) -> list[str]:
    """Return the command: no validation of what is found, no look for updates, no git history."""
    quiet = ["--no-validate", "--no-update-check", "--git-history", "none", "--redact"]
    bounds = ["--no-extract-archives", "--no-binary", "--turbo", "--max-file-size", "5"]
    output = ["--format", "jsonl", "--confidence", "medium", "--quiet", "--no-dedup"]
    excluded = [part for end in (*SKIPPED, ".git") for part in ("--exclude", f"*{end}")]
    shape = ["--jobs", str(jobs), "--rule-cache-dir", str(cache)]
    return [str(binary), "scan", *quiet, *bounds, *output, *excluded, *shape, "--", *paths]


async def scan(paths: Sequence[str], *, jobs: int, cache: Path) -> list[Secret]:
    """Return the credentials in these files and folders. CommandFailed when it could not run."""
    if not paths:
        return []
    command = as_user(scan_command(program(), paths, jobs=jobs, cache=cache), None)
    env = {"HOME": str(cache), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    lines: list[str] = []
    code = await shell.stream(command, lines.append, env=env, cwd=os.sep)
    if code not in _GOOD:
        raise shell.CommandFailed(command, code, "\n".join(lines[-20:]))
    return list(_secrets(lines))


def _secrets(lines: Sequence[str]) -> Iterator[Secret]:
    for line in lines:
        if not line.startswith("{"):
            continue
        read = msgspec.json.decode(line, type=_Line)
        if read.rule is not None and read.finding is not None:
            found = read.finding
            yield Secret(
                read.rule.id,
                read.rule.name,
                found.path,
                found.line,
                found.confidence,
                found.fingerprint,
            )
