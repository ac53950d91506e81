"""Trees of links: what is there already stays, what is lacking comes."""

from pathlib import Path

from ocore.kit.trees import link_tree


def test_a_tree_is_linked_once_and_later_only_what_came_since(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "ab").mkdir(parents=True)
    (source / "ab" / "one").write_text("first")
    assert link_tree(source, target, None) == 1
    kept = (target / "ab" / "one").stat()
    assert kept.st_ino == (source / "ab" / "one").stat().st_ino
    (source / "cd").mkdir()
    for name in ("ab/two", "cd/three"):
        (source / name).write_text("since")
    assert link_tree(source, target, None) == 3
    assert (target / "ab" / "one").stat().st_ino == kept.st_ino
    for name in ("ab/two", "cd/three"):
        assert (target / name).stat().st_ino == (source / name).stat().st_ino
    (source / "ab" / "one").unlink()
    assert link_tree(source, target, None) == 2
    assert (target / "ab" / "one").read_text() == "first"


def test_a_tree_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    assert link_tree(tmp_path / "missing", tmp_path / "target", None) == 0
    assert (tmp_path / "target").is_dir()
