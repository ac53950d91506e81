import pytest

from ocore.odoo.versions import full_version, is_of_series, version_key


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("1.0", "19.0.1.0"),
        ("1.0.0", "19.0.1.0.0"),
        ("19.0.1.0.0", "19.0.1.0.0"),
        ("19.0.1.0", "19.0.1.0"),
        ("18.0.1.0.0", "18.0.1.0.0"),
        ("18.0.1", "19.0.18.0.1"),
        ("19.0", "19.0"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_a_version_is_completed_as_odoo_19_does(written: str, full: str) -> None:
    # Compared with odoo.modules.module.adapt_version of Odoo 19.0.
    assert full_version(written, series="19.0") == full


@pytest.mark.parametrize("written", ["1", "1.2.3.4.5.6", "1.a", "", "1..2"])
def test_a_version_that_odoo_refuses_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="version"):
        full_version(written, series="19.0")


@pytest.mark.parametrize(
    ("version", "belongs"), [("19.0.1.0.0", True), ("18.0.1.0.0", False), ("19.0", False)]
)
def test_a_module_belongs_to_the_series_in_front(version: str, *, belongs: bool) -> None:
    assert is_of_series(version, series="19.0") is belongs


def test_versions_are_compared_by_number_and_not_by_length() -> None:
    assert version_key("19.0.1.10.0") > version_key("19.0.1.9.9")
    assert version_key("19.0.1.0") == version_key("19.0.1.0.0")
