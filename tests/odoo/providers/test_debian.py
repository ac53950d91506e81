import shutil
from pathlib import Path

import pytest

from ocore.errors import StepFailed
from ocore.odoo.providers.debian import ARCHIVE, DebianProvider, known_mirror
from tests.odoo.providers.trees import debian_root
from tests.real_odoo import RealOdoo, cache_folder

BOOKWORM = 'ID=debian\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12"\n'
UBUNTU = "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n"
ONE_LINE = "# old\ndeb [arch=amd64] http://archive.internal/debian bookworm main\n"
DEB822 = "Types: deb\nURIs: http://archive.internal/debian\nSuites: bookworm bookworm-updates\n"


def unpacked(cache: Path) -> Path:
    """Leave a cache with an Odoo whose packages have the digest x."""
    root = debian_root(cache / "odoo" / "debian-x")
    (cache / "odoo" / "debian-19.0").write_text("x")
    return root


def machine(folder: Path, release: str, **sources: str) -> tuple[Path, Path]:
    apt = folder / "apt"
    (apt / "sources.list.d").mkdir(parents=True)
    for name, text in sources.items():
        (apt / name.replace("__", "/").replace("_", ".")).write_text(text)
    (folder / "os-release").write_text(release)
    return apt, folder / "os-release"


@pytest.mark.parametrize(
    "sources",
    [{"sources_list": ONE_LINE}, {"sources.list.d__debian_sources": DEB822}],
    ids=["one line", "deb822"],
)
def test_debian_asks_the_archive_its_apt_is_set_up_with(
    tmp_path: Path, sources: dict[str, str]
) -> None:
    assert known_mirror(*machine(tmp_path, BOOKWORM, **sources)) == "http://archive.internal/debian"


@pytest.mark.parametrize(
    ("release", "sources"),
    [(UBUNTU, {"sources_list": ONE_LINE}), (BOOKWORM, {}), ("", {})],
    ids=["Ubuntu", "a Debian without sources", "an unknown system"],
)
def test_everybody_else_asks_debians_public_archive(
    tmp_path: Path, release: str, sources: dict[str, str]
) -> None:
    assert known_mirror(*machine(tmp_path, release, **sources)) == ARCHIVE


@pytest.mark.odoo
async def test_what_was_unpacked_once_is_found_again(odoo: RealOdoo) -> None:
    said: list[str] = []
    provider = DebianProvider(cache_folder(), mirror="http://127.0.0.1:9/nowhere")
    assert await provider.provide("19.0", source=None, say=said.append) == odoo.tree
    assert said == []
    assert odoo.tree.content_hash[:16] in odoo.tree.executable


async def test_an_archive_that_does_not_answer_leaves_nothing_half_done(tmp_path: Path) -> None:
    provider = DebianProvider(tmp_path, mirror="http://127.0.0.1:9/nowhere")
    with pytest.raises(StepFailed, match="Odoo cannot be had from Debian"):
        await provider.provide("19.0", source=None, say=print)
    assert [path.name for path in tmp_path.iterdir()] == ["locks"]


async def test_a_cache_from_which_somebody_deleted_is_no_whole_odoo(tmp_path: Path) -> None:
    provider = DebianProvider(tmp_path, mirror=None)
    root = unpacked(tmp_path)
    assert (await provider.provide("19.0", source=None, say=print)).version == "19.0"
    (root / "usr/bin/odoo").unlink()
    with pytest.raises(StepFailed, match="usr/bin/odoo is missing"):
        await provider.provide("19.0", source=None, say=print)


async def test_a_cache_that_was_moved_is_found_where_it_is(tmp_path: Path) -> None:
    unpacked(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    provider = DebianProvider(tmp_path / "after", mirror="http://127.0.0.1:9/nowhere")
    tree = await provider.provide("19.0", source=None, say=print)
    assert tree.executable == str(tmp_path / "after/odoo/debian-x/usr/bin/odoo")


async def test_a_cache_that_is_gone_is_fetched_anew(tmp_path: Path) -> None:
    shutil.rmtree(unpacked(tmp_path))
    provider = DebianProvider(tmp_path, mirror="http://127.0.0.1:9/nowhere")
    with pytest.raises(StepFailed, match="Odoo cannot be had from Debian"):
        await provider.provide("19.0", source=None, say=print)


@pytest.mark.parametrize(("series", "source"), [("12.0", None), ("19.0", "https://x.example/y")])
async def test_what_debian_does_not_have_is_said_with_the_way_out(
    tmp_path: Path, series: str, source: str | None
) -> None:
    with pytest.raises(StepFailed, match="use the provider git or path"):
        await DebianProvider(tmp_path, mirror=None).provide(series, source=source, say=print)
