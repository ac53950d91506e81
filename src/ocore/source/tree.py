"""Rules for the tree of a repository that nobody has vetted, checked before a file is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ocore.errors import StepFailed

LINK, SUBMODULE = "120000", "160000"
LFS_POINTER: Final = "version https://git-lfs.github.com/spec/"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeBounds:
    """How large a repository of modules may be."""

    file_bytes: int = 512 * 1024**2
    tree_bytes: int = 2 * 1024**3
    files: int = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeEntry:
    """One file, link or submodule of a commit. `size` is 0 for submodules."""

    mode: str
    blob: str
    size: int
    path: str


def parse_tree(listing: str) -> Iterator[TreeEntry]:
    """Read the output of `git ls-tree -r -l -z`."""
    for line in listing.split("\0"):
        if line:
            facts, _, path = line.partition("\t")
            mode, _type, blob, size = facts.split()
            yield TreeEntry(mode=mode, blob=blob, size=0 if size == "-" else int(size), path=path)


def check_tree(entries: list[TreeEntry], bounds: TreeBounds) -> None:
    """Pass when the tree keeps the rules; StepFailed names the path and the way out."""
    if len(entries) > bounds.files:
        raise StepFailed(f"the repository has {len(entries)} files; {bounds.files} are allowed")
    for entry in entries:
        _check_entry(entry, bounds)
    total = sum(entry.size for entry in entries)
    if total > bounds.tree_bytes:
        raise StepFailed(
            f"the files of the commit are {_mib(total)}; {_mib(bounds.tree_bytes)} are allowed"
        )


def check_links(links: Mapping[str, str]) -> None:
    """Pass when symbolic links (path and target of each) stay within the tree."""
    for path, target in links.items():
        if target.startswith("/"):
            raise _out(path)
        _follow(path, target, links)


def _follow(path: str, target: str, links: Mapping[str, str]) -> None:
    """Walk as the kernel does, for whom `..` behind a link is above what the link names."""
    place = path.split("/")[:-1]
    for part in target.split("/"):
        if "/".join(place) in links:
            raise StepFailed(f"{path} is a symbolic link through another one; link to the file")
        if part == ".." and not place:
            raise _out(path)
        if part == "..":
            place.pop()
        elif part not in {"", "."}:
            place.append(part)
    if any(part.lower() == ".git" for part in place):
        raise StepFailed(f"{path} is a symbolic link into git's own folder")


def _out(path: str) -> StepFailed:
    return StepFailed(f"{path} is a symbolic link out of the repository; replace it by a file")


def check_content(path: str, content: str) -> None:
    """Pass when a small file is not the pointer that stands for a large one."""
    if content.startswith(LFS_POINTER):
        raise StepFailed(
            f"{path} is a Git LFS pointer, not the file: commit the file itself, or leave it out"
        )


def _check_entry(entry: TreeEntry, bounds: TreeBounds) -> None:
    parts = entry.path.split("/")
    if ".." in parts or "" in parts or any(part.lower() == ".git" for part in parts):
        raise StepFailed(f"the path {entry.path!r} leaves the repository")
    if entry.mode == SUBMODULE:
        raise StepFailed(
            f"{entry.path} is a git submodule, whose files are not part of the commit:"
            " put the modules into the repository (git subtree)"
        )
    if entry.size > bounds.file_bytes:
        raise StepFailed(
            f"{entry.path} is {_mib(entry.size)}; {_mib(bounds.file_bytes)} are allowed:"
            " keep data out of the repository"
        )


def _mib(size: int) -> str:
    return f"{size / 1024**2:.0f} MiB"
