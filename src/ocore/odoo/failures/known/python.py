"""Python that does not load, and migration scripts that fail."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

SCRIPTS_PAGE: Final = (
    "https://www.odoo.com/documentation/19.0/developer/reference/upgrades/upgrade_scripts.html"
)

PYTHON: Final = (
    Signature(
        pattern=known_by(r"^(?:SyntaxError|IndentationError|TabError): "),
        title="Python code does not parse",
        explanation="Python cannot read it, so nothing of the module can be loaded.",
        suggested_fix="Correct it at this line, or a little above.",
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
        pattern=known_by(
            r"^ImportError: cannot import name '(?P<name>\w+)' from partially initialized module "
            r"'[\w.]+' [^\n]*/__init__\.py\)"
        ),
        title="A file that is imported is missing",
        cause="there is no {name} to import",
        explanation="The package's __init__.py imports {name}, and no file of that name is there.",
        suggested_fix="Commit {name}.py, or take it out of __init__.py.",
    ),
    Signature(
        pattern=known_by(
            r"^ImportError: cannot import name '(?P<name>\w+)' from partially initialized module "
            r"'(?:odoo\.addons\.)?(?P<source>[\w.]+)'"
        ),
        title="Files import each other in a circle",
        cause="{name} is not yet defined while {source} is being imported",
        explanation="Each file waits for the other; the one that comes second sees half of it.",
        suggested_fix="Move {name} into a third file, or import it inside the function.",
    ),
    Signature(
        pattern=known_by(
            r"^ImportError: cannot import name '(?P<name>\w+)' from "
            r"'(?P<source>odoo(?!\.addons)[\w.]*)'"
        ),
        title="This Odoo has no such name to import",
        cause="cannot import {name} from {source}",
        explanation="It was moved or removed in this series of Odoo.",
        suggested_fix="Look for its new place in this series' source.",
    ),
    Signature(
        pattern=known_by(r"^RecursionError: "),
        title="Code calls itself without end",
        cause="maximum recursion depth exceeded",
        explanation="A default, compute or override leads back to itself.",
        suggested_fix="Break the circle at the line shown.",
    ),
    Signature(
        pattern=known_by(r"^ImportError: "),
        title="An import fails",
        explanation="The name is not in what it is imported from, or both import each other.",
        suggested_fix="Check that the file is in the repository and that the name is right.",
    ),
    Signature(
        pattern=known_by(
            r"module (?P<module>\w+): `migrate`'s signature should be"
            r"|^TypeError: migrate\(\) takes \d+ positional arguments? but 2 were given"
        ),
        title="A migration script has the wrong function",
        cause="`migrate` of a script must have the parameters (cr, version)",
        explanation="Odoo calls it with these two, and since 15.0 checks their names, too.",
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
    Signature(
        pattern=known_by(r"MissingError: "),
        title="A record does not exist any more",
        explanation="The code holds the id of a record that was deleted, or never was there.",
        suggested_fix="Use exists() first, or look the record up by its external id.",
    ),
    Signature(
        pattern=known_by(
            r"(?:ConnectionRefusedError|socket\.gaierror|requests\.exceptions\.\w+"
            r"|urllib\.error\.URLError): "
        ),
        title="A server that the code asks does not answer",
        explanation="The code calls another server while modules are updated.",
        suggested_fix="Do not call out in migrations and hooks; leave it to a scheduled action.",
        retryable=True,
    ),
    Signature(
        pattern=known_by(r"^odoo\.exceptions\.(?:User|Validation|Access)Error: "),
        title="Odoo refused an operation",
        explanation="A rule of a model says that this must not be done; its words say why.",
        suggested_fix="Respect the rule at the place shown, or change the data first.",
    ),
)
