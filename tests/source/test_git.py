import asyncio
import shutil
from pathlib import Path

import pytest

from ocore.artifacts import Commit
from ocore.environments import Repository
from ocore.errors import Impossible, StepFailed
from ocore.source import Ref
from ocore.source.git import avatar_of
from tests.forward_proxy import forward_proxy
from tests.git import git
from tests.source.remote import MODULE, Remote


async def test_a_branch_is_fetched_with_what_people_want_to_read(remote: Remote) -> None:
    sha = remote.commit("Lend books\n\nFor three weeks.")
    fetched = await remote.fetch(branch="main")
    assert fetched == Commit(
        sha=sha,
        author="Ana Ruiz",
        author_avatar=avatar_of("ana@example.com"),
        message="Lend books\n\nFor three weeks.",
    )
    assert "ana@example.com" not in repr(fetched)


async def test_a_tag_names_its_commit_annotated_or_not(remote: Remote) -> None:
    sha = remote.commit()
    git(remote.path, "tag", "plain")
    git(remote.path, "tag", "-a", "annotated", "-m", "A release")
    remote.commit("Later")
    assert (await remote.fetch(tag="plain")).sha == sha
    assert (await remote.fetch(tag="annotated")).sha == sha


@pytest.mark.parametrize("digits", [7, 12, 40])
async def test_a_commit_may_be_named_by_its_first_digits(remote: Remote, digits: int) -> None:
    sha = remote.commit()
    assert (await remote.fetch(commit_sha=sha[:digits])).sha == sha


async def test_what_is_given_must_agree(remote: Remote) -> None:
    first = remote.commit("First")
    git(remote.path, "tag", "v1")
    git(remote.path, "checkout", "-q", "-b", "other")
    second = remote.commit("Second", loans__new="x")
    assert (await remote.fetch(tag="v1", commit_sha=first, branch="main")).sha == first
    with pytest.raises(StepFailed, match=f"the tag v1 is not commit {second}"):
        await remote.fetch(tag="v1", commit_sha=second)
    with pytest.raises(StepFailed, match=f"commit {second} is not on branch main"):
        await remote.fetch(commit_sha=second, branch="main")


async def test_an_unknown_name_is_answered_with_the_known_ones(remote: Remote) -> None:
    with pytest.raises(StepFailed, match="the repository is empty; push a commit first"):
        await remote.fetch(branch="main")
    remote.commit()
    git(remote.path, "branch", "staging")
    with pytest.raises(StepFailed, match="there is no branch nope: the repository has main"):
        await remote.fetch(branch="nope")
    with pytest.raises(StepFailed, match="there is no tag nope"):
        await remote.fetch(tag="nope")
    with pytest.raises(StepFailed, match="there is no commit 0123456"):
        await remote.fetch(commit_sha="0123456")


async def test_what_is_asked_for_is_pinned_whatever_the_default_branch_is(remote: Remote) -> None:
    sha, source = remote.commit(), remote.source()
    git(remote.path, "tag", "v1")
    # As in a bare repository to whose default branch nobody ever pushed.
    git(remote.path, "symbolic-ref", "HEAD", "refs/heads/never-pushed")
    for ref in (Ref(branch="main"), Ref(tag="v1")):
        assert await source.pin(remote.project, ref, seconds=30) == sha
    for ref in (Ref(branch="v1"), Ref(tag="main")):
        with pytest.raises(Impossible, match="push it first"):
            await source.pin(remote.project, ref, seconds=30)


async def test_a_pinned_commit_is_deployed_although_its_branch_went_on(remote: Remote) -> None:
    pinned = remote.commit("First")
    head = remote.commit("Second", loans__new="x")
    assert (await remote.fetch(branch="main", sha=pinned)).sha == pinned
    assert await remote.source().branch_head(remote.project, "main") == head


async def test_a_pinned_commit_survives_a_force_push(remote: Remote) -> None:
    pinned = remote.commit("First")
    await remote.fetch(branch="main")
    git(remote.path, "commit", "-q", "--amend", "-m", "Rewritten")
    assert (await remote.fetch(branch="main", sha=pinned)).sha == pinned


async def test_a_branch_that_is_gone_is_forgotten(remote: Remote) -> None:
    remote.commit()
    git(remote.path, "branch", "short-lived")
    await remote.fetch(branch="short-lived")
    git(remote.path, "branch", "-D", "short-lived")
    with pytest.raises(StepFailed, match="no branch short-lived"):
        await remote.fetch(branch="short-lived")


async def test_a_checkout_holds_the_commit_and_is_the_same_each_time(remote: Remote) -> None:
    remote.commit(**{"requirements.txt": "num2words\n"})
    first = await remote.checkout()
    assert [addon.name for addon in first.addons] == ["loans"]
    assert first.requirements == "num2words\n"
    marked = Path(first.path) / "loans" / "mark"
    marked.touch()
    assert (await remote.checkout()).path == first.path
    assert marked.exists()
    assert not (Path(first.path) / ".git").exists()


async def test_changed_paths_are_those_that_differ_and_none_when_it_cannot_be_told(
    remote: Remote,
) -> None:
    old = remote.commit("First")
    new = remote.commit("Second", loans__models="x", **{"été.txt": "y"})
    await remote.fetch(branch="main")
    source = remote.source()
    assert await source.changed_paths(remote.project, old, new) == ("loans/models", "été.txt")
    assert await source.changed_paths(remote.project, "f" * 40, new) is None


async def test_a_damaged_mirror_is_made_anew(remote: Remote) -> None:
    sha = remote.commit()
    await remote.fetch(branch="main")
    shutil.rmtree(remote.mirror / "objects")
    assert (await remote.fetch(branch="main")).sha == sha
    assert "The mirror is damaged and is made anew" in remote.said


async def test_a_fetch_that_was_cut_leaves_a_mirror_that_works(remote: Remote) -> None:
    sha = remote.commit(**{f"loans__file{n}": "x" * 20_000 + str(n) for n in range(200)})
    cut = asyncio.create_task(remote.fetch(branch="main"))
    await asyncio.sleep(0.03)
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    assert (await remote.fetch(branch="main")).sha == sha
    assert len((await remote.checkout()).addons) == 1


async def test_workers_of_one_machine_share_mirror_and_checkout(remote: Remote) -> None:
    remote.commit()
    found = await asyncio.gather(*(remote.checkout() for _ in range(4)))
    assert len({each.path for each in found}) == 1
    assert set(MODULE) <= {
        str(path.relative_to(found[0].path)) for path in Path(found[0].path).rglob("*")
    }


async def test_a_repository_is_fetched_by_the_proxy_of_this_machine(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = remote.at(Repository(url="http://git.example.com/library.git"))
    async with forward_proxy() as (address, asked):
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(StepFailed, match="403"):
            await remote.source().fetch(elsewhere, Ref(branch="main"), sha=None, say=print)
    assert asked[0].startswith("GET http://git.example.com/library.git/info/refs")
