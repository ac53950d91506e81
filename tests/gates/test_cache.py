from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from ocore.gates.cache import Cache, key_of
from ocore.kit import clock


def test_what_was_put_is_there_for_others(tmp_path: Path) -> None:
    Cache(tmp_path).put("kind", key_of("a"), ["value"])
    assert Cache(tmp_path).get("kind", key_of("a"), list[str]) == ["value"]
    assert Cache(tmp_path).get("kind", key_of("b"), list[str]) is None


def test_what_cannot_be_read_counts_as_not_there(tmp_path: Path) -> None:
    cache, key = Cache(tmp_path), key_of("a")
    cache.put("kind", key, ["value"])
    (tmp_path / "kind" / key[:2] / key).write_bytes(b"\xff cut off")
    assert cache.get("kind", key, list[str]) is None
    cache.put("kind", key, ["value"])
    assert cache.get("kind", key, dict[str, int]) is None, "of another type"


def test_readers_beside_writers_see_a_whole_value_or_none(tmp_path: Path) -> None:
    cache, key, value = Cache(tmp_path), key_of("a"), ["x" * 1000] * 200

    def use(number: int) -> bool:
        if number % 2:
            cache.put("kind", key, value)
        return cache.get("kind", key, list[str]) in (None, value)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(200)))
    assert [path.name for path in (tmp_path / "kind").rglob("*") if path.is_file()] == [key]


def test_old_values_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put("kind", key_of("a"), 1)
    cache.sweep(clock.now())
    assert cache.get("kind", key_of("a"), int) == 1
    cache.sweep(clock.now() + timedelta(days=31))
    assert cache.get("kind", key_of("a"), int) is None
