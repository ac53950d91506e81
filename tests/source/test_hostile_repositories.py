"""Repositories that nobody has vetted: nothing of them runs, and none of them gets out."""

import asyncio
import subprocess
from pathlib import Path

import pytest
from aiohttp import web

from ocore.environments import Repository
from ocore.errors import Malformed, StepFailed
from ocore.source import Ref
from ocore.source.address import split_credentials
from ocore.source.refs import check_ref
from tests.git import commit_all, git
from tests.source.remote import Remote

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    "target",
    ["/etc/passwd", "../../../etc/passwd", "../..", "x/../../../outside", ".git/config"],
)
async def test_a_link_out_of_the_tree_is_refused_before_a_file_is_written(
    remote: Remote, target: str
) -> None:
    remote.commit()
    (remote.path / "loans" / "link").symlink_to(target)
    sha = commit_all(remote.path)
    with pytest.raises(StepFailed, match="loans/link is a symbolic link"):
        await remote.checkout()
    assert not (remote.home / "checkouts" / remote.project.id / sha).exists()


async def test_a_link_that_leaves_through_another_link_is_refused(remote: Remote) -> None:
    remote.commit(loans__static__src__logo="x")
    (remote.path / "loans" / "static" / "src" / "root").symlink_to("../../..")
    (remote.path / "outside").symlink_to("loans/static/src/root/../outside")
    commit_all(remote.path)
    with pytest.raises(StepFailed, match="outside is a symbolic link through another one"):
        await remote.checkout()


async def test_a_link_within_the_tree_is_kept(remote: Remote) -> None:
    remote.commit()
    (remote.path / "loans" / "same").symlink_to("__manifest__.py")
    commit_all(remote.path)
    assert (Path((await remote.checkout()).path) / "loans" / "same").is_symlink()


async def test_a_submodule_is_refused_with_the_way_out(remote: Remote) -> None:
    remote.commit()
    git(remote.path, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},oca/server-tools")
    git(remote.path, "commit", "-q", "-m", "Add the community's modules")
    with pytest.raises(StepFailed, match=r"oca/server-tools is a git submodule.*git subtree"):
        await remote.checkout()


async def test_a_large_file_pointer_is_refused(remote: Remote) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    remote.commit(loans__static__logo=pointer)
    with pytest.raises(StepFailed, match="loans/static/logo is a Git LFS pointer"):
        await remote.checkout()


async def test_a_file_that_only_speaks_of_large_files_is_no_pointer(remote: Remote) -> None:
    remote.commit(**{"README.md": "See version https://git-lfs.github.com/spec/v1 for more.\n"})
    assert await remote.checkout()


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({"file_bytes": 1000}, r"loans/dump is \d+ MiB; \d+ MiB are allowed"),
        ({"tree_bytes": 1000}, "the files of the commit are"),
        ({"files": 2}, "the repository has 3 files; 2 are allowed"),
    ],
)
async def test_a_repository_over_the_limits_is_refused(
    remote: Remote, bounds: dict[str, int], said: str
) -> None:
    remote.commit(loans__dump="x" * 2000)
    with pytest.raises(StepFailed, match=said):
        await remote.checkout(**bounds)


async def test_a_file_of_two_gigabytes_is_refused_without_being_written(remote: Remote) -> None:
    remote.commit()
    with (remote.path / "loans" / "dump.sql").open("wb") as file:
        file.truncate(2 * 1024**3)
    # Zeros, so that git packs them into two megabytes.
    git(remote.path, "-c", "core.compression=1", "-c", "core.bigFileThreshold=1m", "add", "--all")
    git(remote.path, "commit", "-q", "-m", "Add a dump")
    with pytest.raises(StepFailed, match=r"loans/dump\.sql is 2048 MiB; 512 MiB are allowed"):
        await remote.checkout()
    assert not list((remote.home / "checkouts").rglob("dump.sql"))


async def test_nothing_a_repository_brings_along_is_run(
    remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    script.chmod(0o755)
    remote.commit(**{".gitattributes": "* filter=evil diff=evil merge=evil\n"})
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(_configuration(tmp_path, script)))
    _configure(remote.path / ".git", script)
    await remote.checkout()
    assert not ran.exists()


def _configuration(folder: Path, script: Path) -> Path:
    """Write the configuration of a machine whose owner has filters of their own."""
    file = folder / "gitconfig"
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "core.fsmonitor"):
        subprocess.run(["git", "config", "--file", str(file), key, str(script)], check=True)
    return file


def _configure(repository: Path, script: Path) -> None:
    for key in ("uploadpack.packObjectsHook", "core.fsmonitor", "filter.evil.smudge"):
        subprocess.run(
            ["git", "config", "--file", str(repository / "config"), key, str(script)], check=True
        )
    for hook in ("post-checkout", "reference-transaction", "pre-receive"):
        (repository / "hooks" / hook).parent.mkdir(exist_ok=True)
        (repository / "hooks" / hook).write_text(script.read_text())
        (repository / "hooks" / hook).chmod(0o755)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/ran",
        "--upload-pack=touch /tmp/ran",
        "fd::17",
        "helper::x",
        "",
        "a b",
    ],
)
def test_an_address_that_would_run_something_is_no_address(url: str) -> None:
    with pytest.raises(Malformed) as refused:
        split_credentials(url)
    assert refused.value.field == "repositoryUrl"


@pytest.mark.parametrize(
    ("ref", "field"),
    [
        (Ref(), "branch"),
        (Ref(branch="--upload-pack=touch /tmp/ran"), "branch"),
        (Ref(branch="-x"), "branch"),
        (Ref(branch="a..b"), "branch"),
        (Ref(branch="a b"), "branch"),
        (Ref(tag="v1^{commit}"), "tag"),
        (Ref(tag="refs\n"), "tag"),
        (Ref(commit_sha="123456"), "commitSha"),
        (Ref(commit_sha="g" * 40), "commitSha"),
        (Ref(commit_sha="a" * 41), "commitSha"),
    ],
)
def test_a_ref_that_git_could_take_for_something_else_never_reaches_it(
    ref: Ref, field: str
) -> None:
    with pytest.raises(Malformed) as refused:
        check_ref(ref)
    assert refused.value.field == field


async def test_a_branch_may_look_like_an_option_on_the_other_side(remote: Remote) -> None:
    sha = remote.commit()
    git(remote.path, "update-ref", "refs/heads/--upload-pack=touch", sha)
    assert (await remote.fetch(branch="main")).sha == sha


async def test_a_credential_is_never_told_and_never_an_argument(remote: Remote) -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        arguments = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
        assert not any(SECRET.encode() in each for each in arguments)
        return web.Response(status=401, headers={"WWW-Authenticate": "Basic realm=git"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    repository = split_credentials(f"http://bot:{SECRET}@127.0.0.1:{port}/acme.git")
    assert SECRET not in repository.url
    assert SECRET not in repr(repository)
    with pytest.raises(StepFailed) as failed:
        await remote.source().fetch(
            remote.at(repository), Ref(branch="main"), sha=None, say=remote.said.append
        )
    await runner.cleanup()
    assert any(each.startswith("Basic ") for each in seen)
    assert SECRET not in f"{failed.value}{remote.said}"
    for file in remote.mirror.rglob("*"):
        assert not file.is_file() or SECRET.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("credential", "secrets"),
    [
        ("odoo:hidden", ("hidden",)),
        ("0123456789abcdef0123", ("0123456789abcdef0123",)),
        ("0123456789abcdef0123:x-oauth-basic", ("x-oauth-basic", "0123456789abcdef0123")),
        ("x-access-token:hidden", ("hidden",)),
    ],
)
async def test_a_name_is_hidden_where_it_may_be_a_token_and_else_lets_logs_be_read(
    remote: Remote, credential: str, secrets: tuple[str, ...]
) -> None:
    repository = split_credentials(f"http://{credential}@127.0.0.1:9/odoo-modules.git")
    assert repository.secrets == secrets
    assert not any(each in repr(repository) for each in secrets)
    with pytest.raises(
        StepFailed, match=r"git cannot read http://127\.0\.0\.1:9/odoo-modules\.git: .*odoo-modules"
    ):
        await remote.source().fetch(
            remote.at(repository), Ref(branch="main"), sha=None, say=remote.said.append
        )


async def test_a_server_that_asks_for_a_password_is_not_waited_for(remote: Remote) -> None:
    nobody = remote.at(Repository(url="http://127.0.0.1:9/acme.git"))
    async with asyncio.timeout(30):
        with pytest.raises(StepFailed, match="git cannot read http://127"):
            await remote.source().fetch(nobody, Ref(branch="main"), sha=None, say=print)


async def test_a_request_does_not_wait_for_a_server_that_is_silent(remote: Remote) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    slow = remote.at(Repository(url=f"http://127.0.0.1:{port}/acme.git"))
    async with asyncio.timeout(10):
        assert await remote.source().pin(slow, Ref(branch="main"), seconds=0.3) is None
    server.close()
