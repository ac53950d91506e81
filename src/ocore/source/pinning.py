"""What a repository says about a ref the moment somebody asks to deploy it. Decisions only."""

from collections.abc import Mapping

from ocore.errors import Impossible
from ocore.source import Ref

WHOLE_SHA = 40


def patterns(ref: Ref) -> tuple[str, ...]:
    """Return what to ask git-ls-remote(1) for.

    An annotated tag is listed twice: the tag object, then with ^{} its commit.
    """
    branch = (f"refs/heads/{ref.branch}",) if ref.branch else ()
    tag = (f"refs/tags/{ref.tag}", f"refs/tags/{ref.tag}^{{}}") if ref.tag else ()
    return (*branch, *tag)


def listed(printed: str) -> dict[str, str]:
    """Return the commit of each ref that git-ls-remote(1) printed."""
    lines = (line.split("\t", 1) for line in printed.splitlines() if "\t" in line)
    return {name.removesuffix("^{}"): sha for sha, name in lines}


def pinned(ref: Ref, heads: Mapping[str, str]) -> str | None:
    """Return the commit the ref names; None when only a fetch can tell.

    Impossible when the repository has no such branch or tag, or when what was given disagrees.
    """
    branch = _named(heads, f"refs/heads/{ref.branch}", "branch", ref.branch)
    tag = _named(heads, f"refs/tags/{ref.tag}", "tag", ref.tag)
    given = ref.commit_sha.lower() if ref.commit_sha else ""
    if tag is not None and not tag.startswith(given):
        raise contradiction(f"tag {ref.tag} is {tag}, not commit {given}", field="tag")
    if tag is not None and branch not in {None, tag}:
        raise contradiction(f"tag {ref.tag} is {tag}, branch {ref.branch} {branch}", field="tag")
    return tag or (whole_sha(ref) if given else branch)


def whole_sha(ref: Ref) -> str | None:
    """Return the commit when it was given in full, and nothing else that could contradict it."""
    if ref.commit_sha and len(ref.commit_sha) == WHOLE_SHA:
        return ref.commit_sha.lower()
    return None


def contradiction(reason: str, *, field: str) -> Impossible:
    return Impossible(
        f"what was given disagrees: {reason}; give one of them",
        code="refs_contradict",
        field=field,
    )


def unknown(kind: str, name: str | None, *, field: str) -> Impossible:
    return Impossible(
        f"the repository has no {kind} {name}; push it first, or name another",
        code=f"unknown_{kind}",
        field=field,
    )


def _named(heads: Mapping[str, str], full_name: str, kind: str, name: str | None) -> str | None:
    if name is not None and full_name not in heads:
        raise unknown(kind, name, field=kind)
    return heads.get(full_name)
