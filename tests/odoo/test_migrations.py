import pytest

from ocore.odoo.migrations import has_migrate, is_version_folder, runs, scripts_to_run


@pytest.mark.parametrize(
    ("folder", "installed", "version", "expected"),
    [
        ("19.0.1.1.0", "19.0.1.0.0", "19.0.1.1.0", True),
        ("19.0.1.1.0", "19.0.1.1.0", "19.0.1.1.0", False),
        ("19.0.1.2.0", "19.0.1.0.0", "19.0.1.1.0", False),
        ("1.1.0", "19.0.1.0.0", "19.0.1.1.0", True),
        ("2.0", "18.0.2.0.0", "19.0.2.0.0", False),
        ("18.0.1.1", "18.0.1.0.0", "19.0.1.0.0", True),
        ("0.0.0", "19.0.1.0.0", "19.0.1.0.1", True),
        ("0.0.0", "19.0.1.0.0", "19.0.1.0.0", False),
    ],
)
def test_scripts_run_between_the_two_versions(
    folder: str, installed: str, version: str, *, expected: bool
) -> None:
    assert runs(folder, installed=installed, version=version, series="19.0") is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("19.0.1.0.0", True),
        ("1.0", True),
        ("1.0.0", True),
        ("0.0.0", True),
        ("saas~18.2.1.0", True),
        ("9.0.1.1", True),
        ("1.2.3.4", False),
        ("19.0.1", True),
        ("19.0.1.0.0.0", False),
        ("v1.0", False),
        ("1", False),
    ],
)
def test_only_some_folder_names_are_versions(name: str, *, expected: bool) -> None:
    # Compared with odoo.modules.migration.VERSION_RE of Odoo 19.0.
    assert is_version_folder(name) is expected


def test_scripts_run_by_stage_then_version_then_name() -> None:
    scripts = (
        "migrations/0.0.0/post-always.py",
        "migrations/0.0.0/pre-always.py",
        "migrations/19.0.1.10.0/pre-b.py",
        "migrations/19.0.1.2.0/post-z.py",
        "migrations/19.0.1.2.0/pre-a.py",
        "migrations/19.0.1.2.0/common.py",
        "migrations/nonsense/pre-a.py",
        "upgrades/19.0.1.2.0/pre-0.py",
        "migrations/19.0.9.0.0/pre-later.py",
        "migrations/19.0.1.2.0/end-c.py",
    )
    assert scripts_to_run(scripts, installed="19.0.1.0.0", version="19.0.2.0.0", series="19.0") == (
        "migrations/0.0.0/pre-always.py",
        "upgrades/19.0.1.2.0/pre-0.py",
        "migrations/19.0.1.2.0/pre-a.py",
        "migrations/19.0.1.10.0/pre-b.py",
        "migrations/19.0.1.2.0/post-z.py",
        "migrations/0.0.0/post-always.py",
        "migrations/19.0.1.2.0/end-c.py",
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def migrate(cr, version): ...", True),
        ("def migrate(_cr, _version): ...", True),
        ("from .common import migrate", True),
        ("migrate = other", True),
        ("@openupgrade.migrate()\ndef migrate(env, version): ...", True),
        ("def migrate(cr, installed_version): ...", False),
        ("def migrate(cr, version, *more): ...", False),
        ("def migrate(cr): ...", False),
        ("def upgrade(cr, version): ...", False),
        ("def broken(", False),
    ],
)
def test_odoo_calls_migrate_only_with_its_own_names(source: str, *, expected: bool) -> None:
    assert has_migrate(source.encode()) is expected
