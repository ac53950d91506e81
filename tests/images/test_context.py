import os
import tarfile
from pathlib import Path

from ocore.images.context import Context, new_context


def packed(folder: Path, scratch: Path) -> bytes:
    with new_context(scratch) as context:
        context.add_tree("modules", folder)
        return context.finished().read()


def times(folder: Path, scratch: Path) -> dict[str, float]:
    (scratch / "c.tar").write_bytes(packed(folder, scratch))
    with tarfile.open(scratch / "c.tar") as tar:
        return {entry.name: entry.mtime for entry in tar if entry.isfile()}


def module(folder: Path) -> Path:
    (folder / "static").mkdir(parents=True)
    (folder / "static" / "a.js").write_text("1")
    (folder / "static" / "b.js").write_text("2")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    (folder / "link").symlink_to("static/a.js")
    return folder


def test_the_same_files_are_the_same_bytes_whenever_they_were_checked_out(tmp_path: Path) -> None:
    one, other = module(tmp_path / "one"), module(tmp_path / "other")
    os.utime(other / "static" / "a.js", (1, 1))
    assert packed(one, tmp_path) == packed(other, tmp_path)


def test_the_time_of_a_file_changes_exactly_when_its_content_does(tmp_path: Path) -> None:
    # Odoo names its bundles by these times: one that stays would leave browsers with old code.
    folder = module(tmp_path / "one")
    before = times(folder, tmp_path)
    (folder / "static" / "a.js").write_text("changed")
    after = times(folder, tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"modules/static/a.js"}


def test_links_stay_links_and_programs_programs(tmp_path: Path) -> None:
    (tmp_path / "c.tar").write_bytes(packed(module(tmp_path / "one"), tmp_path))
    with tarfile.open(tmp_path / "c.tar") as tar:
        assert tar.getmember("modules/link").linkname == "static/a.js"
        assert tar.getmember("modules/run.sh").mode == 0o755
        assert tar.getmember("modules/static/a.js").mode == 0o644
        assert {entry.uid for entry in tar} == {0}


def test_a_context_can_be_a_file_of_another(tmp_path: Path) -> None:
    with new_context(tmp_path) as inner, new_context(tmp_path) as outer:
        inner.add_text("hello", "world")
        outer.add_context("inner.tar", inner)
        whole = outer.finished()
        with tarfile.open(fileobj=whole) as tar:
            found = tar.extractfile("inner.tar")
            assert found is not None
            with tarfile.open(fileobj=found) as within:
                assert within.getnames() == ["hello"]


def test_a_reader_hands_over_everything(tmp_path: Path) -> None:
    with (tmp_path / "x").open("w+b") as file:
        context = Context(file)
        context.add_text("big", "x" * 3_000_000)
        reader = context.rewound()
        pieces = list(iter(reader.read, b""))
        assert len(b"".join(pieces)) == file.seek(0, 2)
