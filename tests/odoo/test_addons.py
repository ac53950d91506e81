from pathlib import Path

import pytest

from ocore.odoo.addons import read_addons
from tests.odoo.repository import write_module, write_script


def test_modules_are_found_at_any_depth_and_sorted_by_name(tmp_path: Path) -> None:
    write_module(tmp_path, "shelves")
    write_module(tmp_path, "addons/custom/loans")
    write_module(tmp_path, ".cache/hidden")
    assert [(each.name, each.path) for each in read_addons(tmp_path)] == [
        ("loans", "addons/custom/loans"),
        ("shelves", "shelves"),
    ]


def test_what_lies_inside_a_module_belongs_to_it(tmp_path: Path) -> None:
    write_module(tmp_path, "loans")
    write_module(tmp_path, "loans/tests/inner")
    assert [each.name for each in read_addons(tmp_path)] == ["loans"]


def test_a_linked_module_is_found_once(tmp_path: Path) -> None:
    write_module(tmp_path, "vendor/loans")
    (tmp_path / "loans").symlink_to(tmp_path / "vendor" / "loans")
    (addon,) = read_addons(tmp_path)
    assert (addon.path, addon.problem) == ("vendor/loans", None)


def test_a_repository_that_is_a_module_needs_a_name(tmp_path: Path) -> None:
    write_module(tmp_path, ".")
    (nameless,) = read_addons(tmp_path)
    assert nameless.problem is not None
    assert "directory of its own" in nameless.problem
    (named,) = read_addons(tmp_path, name_of_root="loans")
    assert (named.name, named.path, named.problem) == ("loans", ".", None)


def test_of_two_modules_with_one_name_the_second_is_a_problem(tmp_path: Path) -> None:
    write_module(tmp_path, "a/loans")
    write_module(tmp_path, "b/loans")
    first, second = read_addons(tmp_path)
    assert first.problem is None
    assert second.problem is not None
    assert "a/loans" in second.problem


def test_the_manifest_is_read_with_odoos_defaults(tmp_path: Path) -> None:
    write_module(
        tmp_path,
        depends=[],
        auto_install=["base"],
        external_dependencies={"python": ["isbnlib"], "bin": ["pdftotext"]},
    )
    (addon,) = read_addons(tmp_path)
    assert addon.version == "19.0.1.0.0"
    assert addon.depends == ("base",)
    assert addon.auto_install
    assert addon.python_dependencies == ("isbnlib",)
    assert addon.binary_dependencies == ("pdftotext",)


@pytest.mark.parametrize(
    ("manifest", "line", "words"),
    [
        ("{\n 'name': 'Loans',\n 'depends': ['base'\n}\n", 4, "SyntaxError"),
        ("{\n 'name': 'Loans',\n 'version': open('/etc/passwd').read(),\n}", 3, "only literals"),
        ("{'name': 'Loans', **other}", 1, "must be a string"),
        ("['base']", 1, "one dictionary"),
        ("{\n'depends': 'base'}", 2, "must be a list of strings"),
        ("{\n'depends': ['base', 3]}", 2, "holds 3"),
        ("{\n'version': 'one'}", 2, "between 2 and 5 parts"),
        ("{\n'version': '1.x'}", 2, "made of numbers"),
        ("import os", 1, "SyntaxError"),
        ("", None, "SyntaxError"),
        ("{'name': '\x00'}", None, "null"),
        ("{'a': " + "(" * 5000 + ")" * 5000 + "}", None, "__manifest__.py"),
    ],
)
def test_a_manifest_that_odoo_cannot_read_is_a_problem_with_its_line(
    tmp_path: Path, manifest: str, line: int | None, words: str
) -> None:
    write_module(tmp_path)
    (tmp_path / "loans" / "__manifest__.py").write_text(manifest)
    (addon,) = read_addons(tmp_path)
    assert addon.problem is not None
    assert addon.problem.startswith("loans/__manifest__.py")
    assert words in addon.problem
    if line is not None:
        assert f"line {line}:" in addon.problem
        assert (addon.problem_file, addon.problem_line) == ("loans/__manifest__.py", line)


def test_a_manifest_is_never_run(tmp_path: Path) -> None:
    write_module(tmp_path)
    trace = tmp_path / "trace"
    manifest = f"{{'name': open({str(trace)!r}, 'w').close()}}"
    (tmp_path / "loans" / "__manifest__.py").write_text(manifest)
    read_addons(tmp_path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("path", "content", "place"),
    [
        ("models/loan.py", "x = 1\ndef broken(:\n", "loans/models/loan.py line 2: SyntaxError"),
        ("models/loan.py", "if True:\nx = 1\n", "loans/models/loan.py line 2: IndentationError"),
        ("models/loan.py", "return 1\n", "loans/models/loan.py line 1: SyntaxError"),
        ("views/a.xml", "<odoo>\n<a>\n</b>\n</odoo>", "loans/views/a.xml line 3: mismatched tag"),
        ("data/a.xml", "", "loans/data/a.xml line 1: no element found"),
    ],
)
def test_a_file_that_does_not_parse_is_a_problem_with_its_line(
    tmp_path: Path, path: str, content: str, place: str
) -> None:
    write_script(write_module(tmp_path), path, content)
    (addon,) = read_addons(tmp_path)
    assert addon.problem is not None
    assert addon.problem.startswith(place)
    assert addon.version == "19.0.1.0.0", "the manifest itself was readable"


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("static/lib/x/broken.xml", "<a>"),
        ("tests/data/broken.xml", "<a>"),
        ("models/loan.py", 'import re\nisbn = re.compile("\\d+")\n'),
        ("models/loan.py", "# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n"),
        ("views/a.xml", '<?xml version="1.0" encoding="utf-8"?>\n<odoo/>'),
    ],
)
def test_what_odoo_can_live_with_is_no_problem(tmp_path: Path, path: str, content: str) -> None:
    file = write_module(tmp_path) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode("latin-1"))
    (addon,) = read_addons(tmp_path)
    assert addon.problem is None


def test_entities_of_a_repository_are_never_expanded(tmp_path: Path) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 50}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE odoo [<!ENTITY e0 "x">{levels}]><odoo>&e11;</odoo>'
    write_script(write_module(tmp_path), "data/bomb.xml", bomb)
    (addon,) = read_addons(tmp_path)
    assert addon.name == "loans"


def test_a_data_file_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    write_module(tmp_path, data=["views/nowhere.xml"])
    (addon,) = read_addons(tmp_path)
    assert addon.problem is not None
    assert "views/nowhere.xml, which does not exist" in addon.problem


def test_a_module_that_is_not_installable_may_be_broken(tmp_path: Path) -> None:
    module = write_module(tmp_path, installable=False, version="12.0.odd")
    write_script(module, "models/old.py", "print 'Python 2'\n")
    (addon,) = read_addons(tmp_path)
    assert (addon.installable, addon.problem) == (False, None)


def test_scripts_are_listed_with_those_that_odoo_could_call(tmp_path: Path) -> None:
    module = write_module(tmp_path)
    good = write_script(module, "migrations/19.0.1.0.0/post-fill.py")
    bad = write_script(module, "upgrades/1.0/pre-x.py", "def migrate(env):\n    pass\n")
    decorated = write_script(
        module,
        "migrations/1.0/end-y.py",
        "@openupgrade.migrate()\ndef migrate(env, v):\n    pass\n",
    )
    write_script(module, "migrations/1.0/__init__.py", "")
    write_script(module, "migrations/tests/test_x.py", "")
    (addon,) = read_addons(tmp_path)
    assert addon.migrations == tuple(sorted([good, bad, decorated]))
    assert addon.callable_migrations == tuple(sorted([good, decorated]))


def test_a_repository_may_have_no_module(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Hello")
    assert read_addons(tmp_path) == ()
