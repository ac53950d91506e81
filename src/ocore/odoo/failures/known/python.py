"""Python that does not load, and migration scripts that fail."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

SCRIPTS_PAGE: Final = (
    "https://www.odoo.com/documentation/19.0/developer/reference/upgrades/upgrade_scripts.html"
)

PYTHON: Final = (
    Signature(
        pattern=known_by(r"^(?:SyntaxError|IndentationError|TabError): "),
        title="A Python file does not parse",
        explanation="Python cannot read the file, so nothing in the module can be loaded.",
        suggested_fix="Correct the file at this line, or a little above it.",
    ),
    Signature(
        pattern=known_by(r"ModuleNotFoundError: No module named 'odoo\.addons\.(?P<module>\w+)"),
        title="A module is imported that is not there",
        explanation="The code imports from the Odoo module {module}, which Odoo cannot find.",
        suggested_fix="Add {module} to 'depends' and to the repository.",
    ),
    Signature(
        pattern=known_by(r"ModuleNotFoundError: No module named '(?P<package>[\w.]+)'"),
        title="A Python package is missing",
        explanation="The code imports {package}, which is not installed for this instance.",
        suggested_fix=(
            "Add the package that provides {package} to requirements.txt or to "
            "'external_dependencies' in the manifest."
        ),
    ),
    Signature(
        pattern=known_by(r"^ImportError: "),
        title="An import fails",
        explanation="The name is not in what it is imported from, or both import each other.",
        suggested_fix="Check that the file is in the repository and that the name is right.",
    ),
    Signature(
        pattern=known_by(r"module (?P<module>\w+): `migrate`'s signature should be"),
        title="A migration script has the wrong function",
        cause="`migrate` of a script must have the parameters (cr, version)",
        explanation="Odoo checks the names of the parameters, too.",
        suggested_fix="Write `def migrate(cr, version):`.",
        docs_url=SCRIPTS_PAGE,
    ),
    Signature(
        pattern=known_by(r"module (?P<module>\w+): Each \w+-migration file must have a \"migrate"),
        title="A migration script has the wrong function",
        cause="a script of {module} has no function migrate(cr, version)",
        explanation="Odoo runs each file of a version whose name begins with pre-, post- or end-.",
        suggested_fix="Add the function, or give the file a name that does not begin so.",
        docs_url=SCRIPTS_PAGE,
    ),
)
