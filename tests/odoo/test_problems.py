from dataclasses import replace

import pytest

from ocore.odoo.addons import Addon, InstalledModule
from ocore.odoo.problems import (
    ProblemKind,
    Target,
    community_modules,
    core_modules,
    find_problems,
)

LOANS = Addon(name="loans", path="addons/loans", version="19.0.1.1.0", depends=("base",))
TARGET = Target(series="19.0", core=core_modules("19.0"))
INSTALLED = (InstalledModule(name="loans", state="installed", version="19.0.1.0.0"),)


def kinds(*addons: Addon, target: Target = TARGET) -> list[ProblemKind]:
    return [problem.kind for problem in find_problems(addons, target)]


def sentence(*addons: Addon, target: Target = TARGET) -> str:
    (problem,) = find_problems(addons, target)
    return problem.sentence


def with_script(path: str, *, callable_: bool = True) -> Addon:
    return replace(LOANS, migrations=(path,), callable_migrations=(path,) if callable_ else ())


def test_the_modules_of_odoo_19_are_known() -> None:
    assert {"base", "web", "sale_management", "account"} <= community_modules("19.0")
    assert "account_accountant" in core_modules("19.0") - community_modules("19.0")


def test_sound_modules_have_no_problem() -> None:
    assert kinds(LOANS) == []


def test_a_database_that_is_ahead_of_the_code_is_told_from_one_that_is_behind() -> None:
    ahead = (InstalledModule(name="loans", state="installed", version="19.0.2.0"),)
    assert kinds(LOANS, target=replace(TARGET, installed=ahead)) == [ProblemKind.NEWER_THAN_CODE]
    assert kinds(LOANS, target=replace(TARGET, installed=INSTALLED)) == []


@pytest.mark.parametrize("state", ["to upgrade", "to install", "to remove"])
def test_a_module_left_between_two_states_is_named(state: str) -> None:
    left = (InstalledModule(name="sale", state=state, version="19.0.1.0"),)
    target = replace(TARGET, installed=left)
    assert kinds(LOANS, target=target) == [ProblemKind.TRANSITIONAL_STATE]
    assert state in sentence(LOANS, target=target)


def test_a_repository_without_modules_says_so() -> None:
    assert kinds() == [ProblemKind.NO_MODULE]
    assert "no Odoo module found" in sentence()


def test_a_file_that_cannot_be_read_is_named_with_its_line() -> None:
    broken = replace(
        LOANS,
        problem="addons/loans/models/loan.py line 3: SyntaxError: invalid syntax",
        problem_file="addons/loans/models/loan.py",
        problem_line=3,
    )
    (problem,) = find_problems((broken,), TARGET)
    assert problem.kind is ProblemKind.UNREADABLE
    assert (problem.file, problem.line) == ("addons/loans/models/loan.py", 3)


def test_a_module_that_nobody_uses_may_be_broken() -> None:
    broken = replace(LOANS, name="old", path="old", problem="old/models.py line 1")
    target = replace(TARGET, wanted=("loans",))
    assert kinds(LOANS, broken, target=target) == []


def test_a_dependency_must_be_in_the_repository_or_in_odoo() -> None:
    assert sentence(replace(LOANS, depends=("base", "shelves"))) == (
        "addons/loans/__manifest__.py: it depends on shelves, which is neither in the repository "
        "nor part of Odoo 19.0"
    )


def test_a_dependency_on_enterprise_says_so_on_a_community_odoo() -> None:
    target = replace(TARGET, core=community_modules("19.0"))
    addon = replace(LOANS, depends=("account_accountant",))
    assert "Odoo Enterprise" in sentence(addon, target=target)
    assert kinds(addon) == []


def test_a_wanted_module_that_is_nowhere_is_a_missing_dependency() -> None:
    assert kinds(LOANS, target=replace(TARGET, wanted=("lons",))) == [
        ProblemKind.MISSING_DEPENDENCY
    ]


def test_a_module_of_another_series_is_refused() -> None:
    said = sentence(replace(LOANS, version="18.0.1.0.0"))
    assert "version 18.0.1.0.0 is not for Odoo 19.0" in said


def test_a_wanted_module_must_be_installable() -> None:
    addon = replace(LOANS, installable=False)
    assert kinds(addon) == []
    assert kinds(addon, target=replace(TARGET, wanted=("loans",))) == [ProblemKind.WRONG_SERIES]


def test_a_circle_of_dependencies_is_shown_once() -> None:
    a, b, c = (
        replace(LOANS, name=name, path=name, depends=(needed,))
        for name, needed in (("a", "b"), ("b", "c"), ("c", "a"))
    )
    assert sentence(a, b, c).endswith("in a circle: a → b → c → a")


def test_a_module_that_depends_on_itself_is_a_circle() -> None:
    assert kinds(replace(LOANS, depends=("loans",))) == [ProblemKind.DEPENDENCY_CYCLE]


def test_a_diamond_is_no_circle() -> None:
    top, left, right, bottom = (
        replace(LOANS, name=name, path=name, depends=needed)
        for name, needed in (
            ("top", ("left", "right")),
            ("left", ("bottom",)),
            ("right", ("bottom",)),
            ("bottom", ("base",)),
        )
    )
    assert kinds(top, left, right, bottom) == []


def test_a_removed_module_must_be_uninstalled_first() -> None:
    gone = (
        InstalledModule(name="gone", state="installed", version="19.0.1.0.0"),
        InstalledModule(name="never", state="uninstalled", version=None),
        InstalledModule(name="sale", state="installed", version="19.0.1.0"),
        InstalledModule(name="studio_customization", state="installed", version=None),
    )
    said = sentence(LOANS, target=replace(TARGET, installed=gone))
    assert said.startswith("gone is installed, but")
    assert "uninstall it first" in said


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("migrations/19.0.1.2.0/post-fill.py", "only at version 19.0.1.1.0"),
        ("migrations/next/post-fill.py", "no version it understands"),
        ("migrations/19.0.1.1.0/fill.py", "pre-, post- or end-"),
        ("migrations/19.0.1.1.0/post_fill.py", "pre-, post- or end-"),
    ],
)
def test_a_script_that_odoo_never_runs_is_found(script: str, words: str) -> None:
    (problem,) = find_problems((with_script(script),), TARGET)
    assert problem.kind is ProblemKind.SCRIPT_UNREACHABLE
    assert problem.file == f"addons/loans/{script}"
    assert words in problem.sentence


@pytest.mark.parametrize(
    "script",
    [
        "migrations/19.0.1.1.0/post-fill.py",
        "migrations/19.0.1.0.0/post-ran-long-ago.py",
        "migrations/18.0.3.0.0/pre-of-an-earlier-series.py",
        "migrations/0.0.0/end-always.py",
    ],
)
def test_a_script_that_ran_or_will_run_is_no_problem(script: str) -> None:
    assert kinds(with_script(script), target=replace(TARGET, installed=INSTALLED)) == []


def test_a_new_script_for_a_version_the_database_has_is_found() -> None:
    script = "migrations/19.0.1.0.0/post-fill.py"
    target = replace(TARGET, installed=INSTALLED, changed_paths=(f"addons/loans/{script}",))
    assert "the database is at 19.0.1.0.0 already" in sentence(with_script(script), target=target)


def test_a_script_about_to_run_must_have_its_function() -> None:
    script = "migrations/19.0.1.1.0/post-fill.py"
    addon = with_script(script, callable_=False)
    assert kinds(addon) == [], "nothing runs on a fresh install"
    target = replace(TARGET, installed=INSTALLED)
    assert "no function migrate(cr, version)" in sentence(addon, target=target)


def test_a_file_beside_the_scripts_that_they_import_is_no_problem() -> None:
    assert kinds(with_script("migrations/19.0.1.1.0/common.py", callable_=False)) == []
