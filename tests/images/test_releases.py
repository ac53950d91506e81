import asyncio
import os
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ocore.artifacts import Say
from ocore.attestations import Subject
from ocore.embedded.signing import signer_of
from ocore.errors import StepFailed
from ocore.images import BuildOrder
from ocore.images.papers import Papers
from ocore.images.release import load_release
from ocore.images.releases import ReleaseImages
from ocore.images.venvs import Venvs
from ocore.kit import shell
from ocore.odoo.providers import OdooTree
from tests.images.papers import read_papers
from tests.odoo.providers.trees import source_checkout

SMALL = "iniconfig==2.1.0"
"""A distribution of one wheel that needs nothing."""


@dataclass
class Workshop:
    """Images under a folder of the test, with an Odoo that is never started."""

    home: Path
    said: list[str] = field(default_factory=list)

    async def provide(self, series: str, *, source: str | None, say: Say) -> OdooTree:
        """Stand for a provider: what counts here is what is built on its tree."""
        say(f"Using Odoo at {source}")
        root = self.home / "odoo"
        if not root.exists():
            source_checkout(root)
        return OdooTree(
            version=series,
            content_hash="of this odoo",
            executable=str(root / "odoo-bin"),
            python_path=str(root),
            addons_paths=(str(root / "addons"),),
            requirements=(),
        )

    @property
    def images(self) -> ReleaseImages:
        venvs = Venvs(
            cache=self.home / "cache",
            python=Path(os.path.realpath(sys.executable)),
            user=None,
            environment={key: text for key, text in os.environ.items() if key.startswith("UV_")},
        )
        return ReleaseImages(
            self.home / "releases",
            {"path": self},
            venvs,
            Papers(self.home / "papers", signer_of(self.home / "secrets")),
        )

    def order(self, *requirements: str, sha: str = "a" * 40) -> BuildOrder:
        module = self.home / "checkout" / "oca" / "loans"
        module.mkdir(parents=True, exist_ok=True)
        (module / "__manifest__.py").write_text("{}")
        return BuildOrder(
            repository_tag="acme/library",
            commit_sha=sha,
            checkout=str(self.home / "checkout"),
            modules=("oca/loans",),
            odoo_version="19.0",
            provider="path",
            source="/odoo",
            python_dependencies=requirements,
        )


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


async def test_an_image_holds_the_modules_and_what_they_import(workshop: Workshop) -> None:
    image = await workshop.images.build(workshop.order(SMALL), say=workshop.said.append)
    release = load_release(workshop.home / "releases", image.tag)
    assert image.tag.startswith(f"acme/library:{'a' * 12}-")
    assert [path.name for path in Path(release.addons_paths[0]).iterdir()] == ["loans"]
    assert await shell.run([release.python, "-c", "import iniconfig; print(1)"]) == "1\n"


async def test_an_image_has_signed_papers(workshop: Workshop) -> None:
    image = await workshop.images.build(workshop.order(SMALL), say=workshop.said.append)
    bill, *signed = read_papers(workshop.home, image)
    assert [each["purl"] for each in bill["components"]] == [
        "pkg:generic/odoo/loans@1.0",
        f"pkg:generic/odoo/odoo@{image.base}",
        "pkg:pypi/iniconfig@2.1.0",
    ]
    subject = Subject(name=image.tag, digest={"gitCommit": "a" * 40})
    assert [statement.subjects for statement in signed] == [(subject,), (subject,)]


async def test_an_apt_txt_that_is_not_followed_is_told(workshop: Workshop) -> None:
    order = workshop.order(SMALL)
    (Path(order.checkout) / "apt.txt").write_text("wkhtmltopdf\n")
    await workshop.images.build(order, say=workshop.said.append)
    assert any(line.startswith("apt.txt is not followed") for line in workshop.said)


async def test_the_same_inputs_are_built_once(workshop: Workshop) -> None:
    first = await workshop.images.build(workshop.order(SMALL), say=workshop.said.append)
    again = await workshop.images.build(workshop.order(SMALL), say=workshop.said.append)
    assert again == replace(first, reused=True)
    assert workshop.said[-1] == f"{first.tag} was built before"


async def test_each_input_shows_in_the_tag(workshop: Workshop) -> None:
    orders = [
        workshop.order(),
        workshop.order(SMALL),
        workshop.order(sha="b" * 40),
        replace(workshop.order(), modules=()),
    ]
    tags = {(await workshop.images.build(each, say=print)).tag for each in orders}
    assert len(tags) == len(orders)


async def test_commits_with_the_same_requirements_share_an_environment(workshop: Workshop) -> None:
    images = [
        await workshop.images.build(workshop.order(SMALL, sha=sha * 40), say=print)
        for sha in ("a", "b")
    ]
    pythons = {load_release(workshop.home / "releases", each.tag).python for each in images}
    assert len(pythons) == 1


async def test_workers_that_build_at_once_make_one_of_each(workshop: Workshop) -> None:
    built = await asyncio.gather(
        *(workshop.images.build(workshop.order(SMALL), say=workshop.said.append) for _ in range(3))
    )
    assert len({each.tag for each in built}) == 1
    assert workshop.said.count("Installing 1 Python requirements") == 1
    assert len(list((workshop.home / "releases").glob("acme*"))) == 1


async def test_a_requirement_that_does_not_exist_fails_with_what_the_installer_said(
    workshop: Workshop,
) -> None:
    order = workshop.order("ocore-no-such-distribution==1.0")
    with pytest.raises(StepFailed, match=r"cannot be installed.*ocore-no-such") as failed:
        await workshop.images.build(order, say=workshop.said.append)
    assert failed.value.exit_code
    assert not list((workshop.home / "releases").glob("*"))


async def test_a_build_that_was_cut_leaves_nothing_that_could_pass_for_whole(
    workshop: Workshop,
) -> None:
    order = workshop.order(SMALL)
    cut = asyncio.create_task(workshop.images.build(order, say=workshop.said.append))
    while "Installing 1 Python requirements" not in workshop.said:  # noqa: ASYNC110 - of another task
        await asyncio.sleep(0.01)
    cut.cancel()
    await asyncio.gather(cut, return_exceptions=True)
    venvs = workshop.home / "cache" / "venvs"
    assert all(path.name.startswith(".") for path in venvs.glob("*"))
    image = await workshop.images.build(order, say=workshop.said.append)
    assert not image.reused


async def test_an_image_whose_python_is_gone_is_built_again(workshop: Workshop) -> None:
    first = await workshop.images.build(workshop.order(), say=print)
    Path(load_release(workshop.home / "releases", first.tag).python).unlink()
    assert await workshop.images.find(first.tag) is None
    with pytest.raises(StepFailed, match="deploy its commit again"):
        load_release(workshop.home / "releases", first.tag)


async def test_an_unknown_provider_is_answered_with_the_known_ones(workshop: Workshop) -> None:
    with pytest.raises(StepFailed, match="one of path"):
        await workshop.images.build(replace(workshop.order(), provider="image"), say=print)
