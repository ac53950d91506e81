from pathlib import Path

import pytest

from ocore.errors import StepFailed
from ocore.odoo.providers import OdooTree
from ocore.odoo.providers.git import GitProvider, split_ref
from ocore.odoo.providers.path import PathProvider
from tests.forward_proxy import forward_proxy
from tests.git import commit_all, git, new_repository
from tests.odoo.providers.trees import debian_root, source_checkout


async def at(path: Path, series: str = "19.0") -> OdooTree:
    return await PathProvider().provide(series, source=str(path), say=print)


async def test_a_checkout_is_used_where_it_lies(tmp_path: Path) -> None:
    tree = await at(source_checkout(tmp_path / "odoo"))
    assert tree.executable == str(tmp_path / "odoo" / "odoo-bin")
    assert tree.addons_paths == (
        str(tmp_path / "odoo/odoo/addons"),
        str(tmp_path / "odoo/addons"),
    )


async def test_debians_layout_is_known_by_itself(tmp_path: Path) -> None:
    tree = await at(debian_root(tmp_path))
    assert tree.executable == str(tmp_path / "usr/bin/odoo")
    assert tree.python_path.endswith("dist-packages")


async def test_a_changed_odoo_has_another_name(tmp_path: Path) -> None:
    root = source_checkout(tmp_path)
    before = await at(root)
    (root / "odoo" / "release.py").write_text("version_info = (19, 0, 1, 'final', 0, '')\n")
    assert (await at(root)).content_hash != before.content_hash


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("odoo-bin", "odoo-bin is missing"),
        ("odoo/release.py", r"odoo/release\.py is missing"),
    ],
)
async def test_what_is_missing_is_named(tmp_path: Path, missing: str, said: str) -> None:
    (source_checkout(tmp_path) / missing).unlink()
    with pytest.raises(StepFailed, match=said):
        await at(tmp_path)


async def test_another_series_is_refused(tmp_path: Path) -> None:
    source_checkout(tmp_path, release="version_info = (18, 0, 0, 'final', 0, '')\n")
    with pytest.raises(StepFailed, match=r"this is Odoo 18\.0, not 19\.0"):
        await at(tmp_path)


async def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(StepFailed, match="is no folder on this machine"):
        await at(tmp_path / "nowhere")


async def test_git_brings_the_branch_of_the_series_once_for_each_commit(tmp_path: Path) -> None:
    remote = new_repository(tmp_path / "remote")
    source_checkout(remote)
    git(remote, "checkout", "-q", "-b", "19.0")
    first = commit_all(remote)
    provider, said = GitProvider(tmp_path / "cache"), list[str]()
    tree = await provider.provide("19.0", source=str(remote), say=said.append)
    assert tree.content_hash == first
    assert not (Path(tree.python_path) / ".git").exists()
    again = await provider.provide("19.0", source=str(remote), say=said.append)
    assert again == tree
    assert len(said) == 1
    second = commit_all(remote, "A later fix")
    later = await provider.provide("19.0", source=str(remote), say=said.append)
    assert later.content_hash == second
    assert Path(tree.executable).exists()


async def test_git_takes_the_ref_that_was_asked_for(tmp_path: Path) -> None:
    remote = new_repository(tmp_path / "remote")
    source_checkout(remote)
    sha = commit_all(remote)
    git(remote, "tag", "ours-1")
    commit_all(remote, "Later")
    provider = GitProvider(tmp_path / "cache")
    tree = await provider.provide("19.0", source=f"{remote}@ours-1", say=print)
    assert tree.content_hash == sha
    with pytest.raises(StepFailed, match="has no branch or tag nope"):
        await provider.provide("19.0", source=f"{remote}@nope", say=print)


async def test_git_does_not_take_another_branch_whose_name_ends_alike(tmp_path: Path) -> None:
    remote = new_repository(tmp_path / "remote")
    source_checkout(remote)
    git(remote, "checkout", "-q", "-b", "feature/main")
    commit_all(remote)
    git(remote, "checkout", "-q", "-B", "main")
    provider, source = GitProvider(tmp_path / "cache"), f"{remote}@main"
    for message in ("First", "A later fix"):
        sha = commit_all(remote, message)
        tree = await provider.provide("19.0", source=source, say=print)
        assert tree.content_hash == sha


async def test_a_fetch_that_failed_leaves_nothing_behind(tmp_path: Path) -> None:
    remote = new_repository(tmp_path / "remote")
    (remote / "README").write_text("no Odoo here\n")
    git(remote, "checkout", "-q", "-b", "19.0")
    commit_all(remote)
    provider = GitProvider(tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(StepFailed, match="this is no whole Odoo"):
            await provider.provide("19.0", source=str(remote), say=print)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://git.example/odoo.git", ("https://git.example/odoo.git", "19.0")),
        ("https://git.example/odoo.git@18.0-fix", ("https://git.example/odoo.git", "18.0-fix")),
        ("git@git.example:acme/odoo.git", ("git@git.example:acme/odoo.git", "19.0")),
        ("git@git.example:acme/odoo.git@main", ("git@git.example:acme/odoo.git", "main")),
    ],
)
def test_a_ref_follows_the_last_at_sign(source: str, expected: tuple[str, str]) -> None:
    assert split_ref(source, "19.0") == expected


async def test_odoo_is_fetched_by_the_proxy_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with forward_proxy() as (address, asked):
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(StepFailed, match="403"):
            await GitProvider(tmp_path).provide(
                "19.0", source="http://git.example.com/odoo.git@19.0", say=print
            )
    assert asked[0].startswith("GET http://git.example.com/odoo.git/info/refs")
