import hashlib
from pathlib import Path

import pytest

from ocore.odoo.checksums import module_checksum
from tests.odoo.repository import write_module


def test_the_checksum_is_that_of_click_odoo_update(tmp_path: Path) -> None:
    # Computed by click_odoo_contrib 1.24, `_addon_hash.addon_hash`, for these very files.
    for path, content in {
        "__init__.py": "",
        "__manifest__.py": "{'name': 'Loans'}\n",
        "b/two.py": "two = 2\n",
        "a.py": "one = 1\n",
        "i18n/de.po": "de",
        "i18n/fr_BE.po": "fr",
        "i18n/loans.pot": "template",
        "static/x.js": "js",
        "tests/test_x.py": "x",
        "b/tests/kept.py": "kept",
        "__pycache__/a.pyc": "compiled",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    assert module_checksum(tmp_path) == "0a7207fed922aaba9af5a9809000b39e4d59bd70"
    assert (
        module_checksum(tmp_path, languages=["en_US", "fr_FR"])
        == "a1e2d3985cdbfd2427763b3a7dbaceb721490d47"
    )


def test_the_checksum_is_sha1_over_paths_and_bytes_in_walking_order(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"B")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "z.py").write_bytes(b"Z")
    expected = hashlib.sha1(b"b.py" + b"B" + b"a/z.py" + b"Z", usedforsecurity=False).hexdigest()
    assert module_checksum(tmp_path) == expected


@pytest.mark.parametrize("path", ["static/src/x.js", "tests/test_loan.py", "models/x.pyc"])
def test_files_that_need_no_update_do_not_count(tmp_path: Path, path: str) -> None:
    module = write_module(tmp_path)
    before = module_checksum(module)
    (module / path).parent.mkdir(parents=True, exist_ok=True)
    (module / path).write_text("changed")
    assert module_checksum(module) == before


@pytest.mark.parametrize("path", ["models/loan.py", "views/loan.xml", "i18n/de.po", "empty.txt"])
def test_files_that_need_an_update_count(tmp_path: Path, path: str) -> None:
    module = write_module(tmp_path)
    before = module_checksum(module)
    (module / path).parent.mkdir(parents=True, exist_ok=True)
    (module / path).write_text("")
    assert module_checksum(module) != before


def test_a_link_that_leads_nowhere_counts_by_its_name(tmp_path: Path) -> None:
    module = write_module(tmp_path)
    before = module_checksum(module)
    (module / "gone.py").symlink_to("nowhere.py")
    assert module_checksum(module) != before
