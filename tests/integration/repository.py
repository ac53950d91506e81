"""Git repositories that break in one way each, made for one test."""

import re
from pathlib import Path

from tests.git import commit, commit_all, git, new_repository
from tests.integration.expected import Kind, Release
from tests.integration.whole import PAGE
from tests.odoo.repository import write_module

BREAKS_LOGIN = """\
from odoo import http
from odoo.addons.web.controllers.home import Home


class Broken(Home):
    @http.route()
    def web_login(self, *args, **kwargs):
        raise RuntimeError("the login page of this commit never works")
"""
MARKS = """\
def migrate(cr, version):
    cr.execute("UPDATE library_loan SET borrower = borrower || '!'")
"""
MISSING_XPATH = """\
<odoo>
    <record id="library_book_view_broken" model="ir.ui.view">
        <field name="name">library.book.form.broken</field>
        <field name="model">library.book</field>
        <field name="inherit_id" ref="library_loans.library_book_view_form"/>
        <field name="arch" type="xml">
            <xpath expr="//field[@name='publisher']" position="after">
                <field name="pages"/>
            </xpath>
        </field>
    </record>
</odoo>
"""


def marking_each_loan(path: Path) -> str:
    """Commit a migration that shows how often it ran: it adds a mark to every borrower."""
    git(path, "reset", "--quiet", "--hard", "v2")
    manifest = path / "library_loans" / "__manifest__.py"
    script = "library_loans/migrations/19.0.1.9.0/post-mark.py"
    return commit(
        path,
        {
            "library_loans/__manifest__.py": manifest.read_text().replace(
                "19.0.1.1.0", "19.0.1.9.0"
            ),
            script: MARKS,
        },
        "Mark each loan",
    )


def breaking_login(path: Path) -> str:
    """Commit a change after which only the login page fails: Odoo itself says it is healthy."""
    git(path, "reset", "--quiet", "--hard", "v2")
    package = path / "library_loans"
    (package / "controllers").mkdir()
    (package / "controllers" / "__init__.py").write_text("from . import home\n")
    (package / "controllers" / "home.py").write_text(BREAKS_LOGIN)
    with (package / "__init__.py").open("a") as out:
        out.write("from . import controllers\n")
    return commit_all(path, "Change the login page")


def dying(path: Path) -> str:
    """Commit code with which Odoo ends where it should serve, without a word."""
    git(path, "reset", "--quiet", "--hard", "v2")
    package = path / "library_loans" / "__init__.py"
    return commit(path, {"library_loans/__init__.py": DIES + package.read_text()}, "Die")


def breaking_view(path: Path) -> str:
    """Commit a view that looks for a field which the view it extends does not have."""
    git(path, "reset", "--quiet", "--hard", "v2")
    manifest = path / "library_loans" / "__manifest__.py"
    text = manifest.read_text()
    changed = text.replace(
        '"views/library_book_views.xml",',
        '"views/library_book_views.xml",\n        "views/broken.xml",',
    )
    assert changed != text
    return commit(
        path,
        {"library_loans/__manifest__.py": changed, "library_loans/views/broken.xml": MISSING_XPATH},
        "Show the publisher",
    )


def no_module(path: Path) -> None:
    commit(new_repository(path), {"README.md": "No module here.\n"})


def syntax_error(path: Path) -> None:
    new_repository(path)
    write_module(path, "loans")
    commit(path, {"loans/models/__init__.py": "def broken(:\n"})


def missing_dependency(path: Path) -> None:
    new_repository(path)
    write_module(path, "loans", depends=["base", "no_such_module"])
    commit_all(path)


def link_out_of_the_tree(path: Path) -> None:
    new_repository(path)
    write_module(path, "loans")
    (path / "loans" / "secrets.txt").symlink_to("/etc/passwd")
    commit_all(path)


def large_file_pointer(path: Path) -> None:
    new_repository(path)
    write_module(path, "loans")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    commit(path, {"loans/static/logo.png": pointer})


def unreachable_submodule(path: Path) -> None:
    new_repository(path)
    write_module(path, "loans")
    url = str(path.parent / "nowhere")
    commit(path, {".gitmodules": f'[submodule "oca"]\n\tpath = oca\n\turl = {url}\n'})
    git(path, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},oca")
    git(path, "commit", "--quiet", "-m", "Add the community's modules")


def styled(path: Path) -> str:
    """Commit a style sheet to the bundle that every page of the website has."""
    manifest = path / "library_loans" / "__manifest__.py"
    text = manifest.read_text()
    bundle = '"assets": {"web.assets_frontend": ["library_loans/static/src/loans.css"]},'
    changed = text.replace('"application": True,', f'"application": True,\n    {bundle}')
    assert changed != text
    manifest.write_text(changed)
    return restyled(path, 0)


def restyled(path: Path, number: int) -> str:
    """Commit a change that no module needs an update for, and that pages show."""
    style = f".o_library_loans {{ order: {number}; }}\n"
    return commit(path, {"library_loans/static/src/loans.css": style}, f"Restyle {number}")


def migrating(path: Path, number: int) -> str:
    """Commit a version with a migration script: a change that the module must be updated for."""
    manifest = path / "library_loans" / "__manifest__.py"
    version = f"19.0.2.{number}.0"
    text = re.sub(r'"version": "[^"]+"', f'"version": "{version}"', manifest.read_text())
    script = (
        'def migrate(cr, version):\n    cr.execute("UPDATE library_book SET pages = pages + 1")\n'
    )
    files = {
        "library_loans/__manifest__.py": text,
        f"library_loans/migrations/{version}/post-pages.py": script,
    }
    return commit(path, files, f"Migrate to {version}")


FAILS = """\
def migrate(cr, version):
    cr.execute("DELETE FROM library_loan")
    cr.execute("DELETE FROM ir_attachment WHERE name LIKE 'kept %'")
    cr.execute("UPDATE library_book SET no_such_column = 1")
"""
ADDS_A_MARK = """\
def migrate(cr, version):
    cr.execute("UPDATE library_loan SET borrower = borrower || '+{number}'")
"""
DIES = """\
import os
import sys

if "--stop-after-init" not in sys.argv:
    os._exit(3)
"""

NO_START = """\
import sys

if "--stop-after-init" not in sys.argv:
    raise RuntimeError("this commit lets itself be installed, and nothing else")
"""


def release(path: Path, base: Release | None, kind: Kind, number: int) -> Release:
    """Commit on top of a release what changes as much as this kind says."""
    git(path, "reset", "--quiet", "--hard", base.sha if base else "v2")
    files = {PAGE: f"{number}\n"}
    at, scripts = (base.version, base.scripts) if base else (0, ())
    if kind is not Kind.CODE:
        at, scripts = number, (*scripts, number)
        files |= _migration(path, kind, number)
    sha = commit(path, files, f"{number}: {kind}")
    return Release(sha=sha, mark=number, version=at, scripts=scripts)


def _migration(path: Path, kind: Kind, number: int) -> dict[str, str]:
    manifest, version = "library_loans/__manifest__.py", f"19.0.2.{number}.0"
    old = (path / manifest).read_text()
    script = FAILS if kind is Kind.FAILING_UPDATE else ADDS_A_MARK.format(number=number)
    files = {
        manifest: re.sub(r'"version": "[^"]+"', f'"version": "{version}"', old),
        f"library_loans/migrations/{version}/post-mark.py": script,
    }
    if kind is Kind.NO_START:
        package = "library_loans/__init__.py"
        files[package] = NO_START + (path / package).read_text()
    return files
