"""Failures of git, of Python's installers, and of Docker."""

import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from ocore.environments import Project, Repository
from ocore.images.dependencies import merge_dependencies
from ocore.images.venvs import Venvs
from ocore.source import Ref
from ocore.source.git import GitSource
from tests import git
from tests.odoo.failures.case import Case, Log
from tests.odoo.failures.in_scripts import small_disk
from tests.odoo.failures.tool_stage import DockerStage, ToolStage

Cause = Callable[[ToolStage], Awaitable[Log]]


def project_at(url: str) -> Project:
    return Project(
        id="p",
        organization_id="o",
        organization_slug="acme",
        name="Library",
        slug="library",
        repository=Repository(url=url),
        odoo_version="19.0",
    )


def fetched(url: str, **ref: str) -> Cause:
    """Fetch as the step does; `url` may name the stage's servers and its repository."""

    async def cause(stage: ToolStage) -> Log:
        work = stage.fresh("git")
        repository = git.new_repository(work / "library")
        git.commit(repository, {"loans/__init__.py": ""})
        address = url.format(web=stage.web, secure=stage.secure_web, repository=repository)
        source = GitSource(work / "mirrors", work / "checkouts")
        return await stage.listen(
            lambda say: source.fetch(
                project_at(address), Ref(**(ref or {"branch": "main"})), sha=None, say=say
            ),
            what=f"git fetch {stage.scrubbed(address)}",
        )

    return cause


async def elsewhere(stage: ToolStage) -> Log:
    work = stage.fresh("git")
    repository = git.new_repository(work / "library")
    git.commit(repository, {"loans/__init__.py": ""})
    git.git(repository, "switch", "--quiet", "--create", "19.0-next")
    sha = git.commit(repository, {"loans/__init__.py": "# next"})
    source, ref = (
        GitSource(work / "mirrors", work / "checkouts"),
        Ref(branch="main", commit_sha=sha),
    )
    log = await stage.listen(
        lambda say: source.fetch(project_at(str(repository)), ref, sha=None, say=say),
        what="git fetch, then a look at the branch",
    )
    return replace(
        log, lines=tuple(line.replace(sha, "0c0ffee" * 5 + "00000") for line in log.lines)
    )


async def full_mirror(stage: ToolStage) -> Log:
    work = stage.fresh("git")
    repository = git.new_repository(work / "library")
    git.commit(repository, {"loans/large": "".join(str(n) for n in range(900_000))})
    with small_disk(work / "mirrors", 1) as mirrors:
        source = GitSource(mirrors, work / "checkouts")
        return await stage.listen(
            lambda say: source.fetch(
                project_at(f"file://{repository}"), Ref(branch="main"), sha=None, say=say
            ),
            what="git fetch into a mirror on a disk of 1 MB",
        )


async def submodule(stage: ToolStage) -> Log:
    work = stage.fresh("git")
    repository = git.new_repository(work / "library")
    url = "https://git.example/oca.git"
    git.commit(repository, {".gitmodules": f'[submodule "oca"]\n\tpath = oca\n\turl = {url}\n'})
    git.git(repository, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},oca")
    git.git(repository, "commit", "--quiet", "-m", "Add a submodule")
    source, project = GitSource(work / "mirrors", work / "checkouts"), project_at(str(repository))

    async def fetch_and_checkout(say: Callable[[str], None]) -> None:
        commit = await source.fetch(project, Ref(branch="main"), sha=None, say=say)
        await source.checkout(project, commit.sha)

    return await stage.listen(fetch_and_checkout, what="git fetch and checkout")


def venvs(index: str, cache: Path) -> Venvs:
    environment = {
        "UV_DEFAULT_INDEX": index,
        "UV_NO_CONFIG": "1",
        "UV_HTTP_TIMEOUT": "5",
        "UV_HTTP_RETRIES": "0",
    }
    return Venvs(cache=cache, python=Path(sys.executable), user=None, environment=environment)


def required(*requirements: str, index: str = "http://127.0.0.1:{web}/files/simple") -> Cause:
    async def cause(stage: ToolStage) -> Log:
        made = venvs(index.format(web=stage.web), stage.fresh("uv"))
        return await stage.listen(
            lambda say: made.make(requirements, say=say),
            what=f"uv pip install {' '.join(requirements)}",
        )

    return cause


async def full_venv(stage: ToolStage) -> Log:
    with small_disk(stage.folder / "venv-disk", 4) as disk:
        made = venvs(stage.index, disk)
        (disk / "bin").mkdir()
        (disk / "bin" / "uv").symlink_to(shutil.which("uv", path=str(Path(sys.executable).parent)))
        return await stage.listen(
            lambda say: made.make(["library-large"], say=say),
            what="uv pip install library-large, on a disk of 4 MB",
        )


def by_pip(*requirements: str) -> Cause:
    async def cause(stage: ToolStage) -> Log:
        options = ["--index-url", stage.index, "--no-cache-dir", "--disable-pip-version-check"]
        target = ["--target", str(stage.fresh("pip"))]
        argv = [shutil.which("python3") or "python3", "-m", "pip", "install", *options, *target]
        return await stage.run([*argv, *requirements], env={"PIP_CONFIG_FILE": "/dev/null"})

    return cause


async def refused_requirement(stage: ToolStage) -> Log:
    async def merge(_say: Callable[[str], None]) -> None:
        merge_dependencies("lxml\ngit+https://git.example/library-isbn\n", [])

    return await stage.listen(merge, what="reading requirements.txt")


def case(name: str, how: str, cause: Cause) -> Case[ToolStage]:
    return Case(name=name, how=how, cause=cause)


GIT = (
    case(
        "git_auth",
        "a server that wants a password",
        fetched("http://127.0.0.1:{web}/auth/library.git"),
    ),
    case(
        "git_forbidden",
        "a server that answers 403",
        fetched("http://127.0.0.1:{web}/forbidden/library.git"),
    ),
    case(
        "git_not_found",
        "a server that has no such repository",
        fetched("http://127.0.0.1:{web}/missing/library.git"),
    ),
    case(
        "git_server_error",
        "a server that answers 500",
        fetched("http://127.0.0.1:{web}/broken/library.git"),
    ),
    case(
        "git_no_repository", "a folder that is no repository", fetched("/srv/nowhere/library.git")
    ),
    case("git_host", "a host that nobody knows", fetched("https://git.invalid/library.git")),
    case(
        "git_refused", "a port on which nobody listens", fetched("https://127.0.0.1:9/library.git")
    ),
    case(
        "git_certificate",
        "a server with a certificate of its own",
        fetched("https://127.0.0.1:{secure}/files/library.git"),
    ),
    case(
        "git_ssh_refused",
        "SSH to a port on which nobody listens",
        fetched("ssh://git@127.0.0.1:9/library.git"),
    ),
    case("git_branch", "a branch that does not exist", fetched("{repository}", branch="19.0-next")),
    case("git_tag", "a tag that does not exist", fetched("{repository}", tag="v9")),
    case(
        "git_commit",
        "a commit that no branch has",
        fetched("{repository}", commit_sha="c0ffee" + "0" * 34),
    ),
    case("git_other_branch", "a commit and a branch that does not have it", elsewhere),
    case("git_disk_full", "a mirror on a disk of 1 MB (tmpfs)", full_mirror),
    case("git_submodule", "a submodule whose content is not there", submodule),
)
PACKAGES = (
    case("uv_not_found", "a package that the index does not have", required("library-nowhere")),
    case("uv_no_version", "a version that the index does not have", required("library-core==9")),
    case(
        "uv_conflict",
        "two requirements that exclude each other",
        required("library-isbn", "library-core==1.0"),
    ),
    case("uv_python", "a package for a later Python", required("library-future")),
    case(
        "uv_platform",
        "a package with wheels for another system only",
        required("library-elsewhere"),
    ),
    case(
        "uv_compiler",
        "a package whose C code needs a header that is not there",
        required("library-native"),
    ),
    case("uv_setup", "a package whose setup.py fails", required("library-config")),
    case("uv_build", "a package whose setup.py gives up", required("library-broken")),
    case(
        "uv_unreachable",
        "an index on which nobody listens",
        required("library-core", index="http://127.0.0.1:9/simple"),
    ),
    case(
        "uv_auth",
        "an index that wants a password",
        required("library-core", index="http://127.0.0.1:{web}/auth"),
    ),
    case("uv_disk_full", "an environment on a disk of 4 MB (tmpfs)", full_venv),
    case("requirement_refused", "a requirements.txt with an address in it", refused_requirement),
    case(
        "pip_not_found",
        "pip, and a package that the index does not have",
        by_pip("library-nowhere"),
    ),
    case(
        "pip_conflict",
        "pip, and two requirements that exclude each other",
        by_pip("library-isbn", "library-core==1.0"),
    ),
    case("pip_python", "pip, and a package for a later Python", by_pip("library-future")),
    case(
        "pip_compiler", "pip, and a package whose C code needs a header", by_pip("library-native")
    ),
)


def docker_case(
    name: str, how: str, cause: Callable[[DockerStage], Awaitable[Log]]
) -> Case[DockerStage]:
    return Case(name=f"docker_{name}", how=how, cause=cause)


def built(dockerfile: str, *, buildkit: bool = False) -> Callable[[DockerStage], Awaitable[Log]]:
    return lambda stage: stage.build(
        dockerfile.format(registry=stage.registry, closed=stage.closed_registry),
        buildkit=buildkit,
    )


def pushed(target: str) -> Callable[[DockerStage], Awaitable[Log]]:
    async def cause(stage: DockerStage) -> Log:
        name = target.format(registry=stage.registry, closed=stage.closed_registry)
        await stage.docker("tag", "busybox:1", name)
        return await stage.docker("push", name)

    return cause


FAILING = "FROM busybox:1\nRUN echo installing && /bin/busybox false\n"
DOCKER = (
    docker_case(
        "daemon",
        "no daemon behind the socket",
        lambda stage: stage.docker("version", host="unix:///srv/nowhere/docker.sock"),
    ),
    docker_case("step", "a step of the build that fails", built(FAILING)),
    docker_case(
        "buildx",
        "a build with BuildKit where its plug-in is missing",
        built(FAILING, buildkit=True),
    ),
    docker_case(
        "dockerfile", "an instruction that does not exist", built("FROM busybox:1\nRUNN true\n")
    ),
    docker_case(
        "copy", "a COPY of what is not there", built("FROM busybox:1\nCOPY addons /addons\n")
    ),
    docker_case(
        "base",
        "a base image that the registry does not have",
        built("FROM 127.0.0.1:{registry}/odoo:19.0\n"),
    ),
    docker_case(
        "registry_refused",
        "a push to a port on which nobody listens",
        pushed("127.0.0.1:9/library:1"),
    ),
    docker_case(
        "registry_host", "a push to a host that nobody knows", pushed("registry.invalid/library:1")
    ),
    docker_case(
        "registry_auth",
        "a push to a registry that wants a password",
        pushed("127.0.0.1:{closed}/library:1"),
    ),
    docker_case(
        "disk_full",
        "a build on a disk of 200 MB (tmpfs)",
        built("FROM busybox:1\nRUN /bin/busybox dd if=/dev/zero of=/large bs=1M count=400\n"),
    ),
    docker_case(
        "no_image",
        "running an image that is not there",
        lambda stage: stage.docker("run", "--pull=never", "acme/library:gone"),
    ),
)
