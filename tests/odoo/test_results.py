import pytest

from ocore.odoo.results import Results, results_of

SAID = "2026-01-02 10:00:00,000 7 {level} db odoo.tests.result: {said} when loading database 'db' "


@pytest.mark.parametrize(
    ("said", "total", "unsuccessful"),
    [
        ("0 failed, 0 error(s) of 12 tests", 12, 0),
        ("2 failed, 1 error(s) of 12 tests", 12, 3),
        ("0 failed, 0 error(s) of 0 tests", 0, 0),
    ],
)
def test_the_results_are_those_odoo_ends_with(said: str, total: int, unsuccessful: int) -> None:
    lines = ["before", SAID.format(level="INFO", said=said), "after"]
    assert results_of(lines) == Results(total=total, unsuccessful=unsuccessful)


def test_the_last_word_counts() -> None:
    lines = [
        SAID.format(level="ERROR", said=f"{failed} failed, 0 error(s) of 3 tests")
        for failed in (1, 2)
    ]
    assert results_of(lines) == Results(total=3, unsuccessful=2)


def test_without_tests_there_are_no_results() -> None:
    assert results_of(["0 failed, 0 error(s) of 3 tests"]) is None
