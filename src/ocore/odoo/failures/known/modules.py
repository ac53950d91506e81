"""Modules that cannot come together."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

MODULES: Final = (
    Signature(
        pattern=known_by(
            r"module \"?(?P<module>\w+)\"? that depends on (?:the )?module:? \"?(?P<missing>\w+)\"?"
        ),
        title="A dependency is missing",
        cause="depends on {missing}, which is not available",
        explanation="The module {missing} is neither part of this Odoo nor of the repository.",
        suggested_fix="Add {missing} to the repository, or take it out of 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"module \"(?P<module>\w+)\" because an external dependency is not met: "
            r"(?P<package>[^\n]+)"
        ),
        title="A Python package or a program is missing",
        cause="needs {package}, which is not installed",
        explanation="The manifest names {package} in 'external_dependencies'.",
        suggested_fix=(
            "For a Python package use its name on the package index and add it to "
            "requirements.txt; a program must be installed on the machine."
        ),
    ),
    Signature(
        pattern=known_by(r"invalid module names, ignored: (?P<names>[^\n]+)"),
        title="A module to install or update does not exist",
        cause="Odoo knows no module {names}",
        explanation="Odoo ignores unknown names and ends as if all were well.",
        suggested_fix="Correct the instance's list of modules, or add the module.",
    ),
    Signature(
        pattern=known_by(r"(?:module (?P<module>\w+): )?[Uu]nmet dependencies: (?P<names>[^\n]+)"),
        title="A dependency is missing",
        cause="unmet dependencies: {names}",
        explanation="Odoo skips a module whose dependencies are not there, and ends with code 0.",
        suggested_fix="Add what is missing to the repository, or take it out of 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"Some modules (?:are not loaded|have inconsistent states)[^\[]*(?P<names>.*)"
        ),
        title="Some modules were not loaded",
        cause="modules were not loaded: {names}",
        explanation="They are installed, but they or what they depend on cannot be found.",
        suggested_fix="Put them back into the repository, or uninstall them first.",
    ),
    Signature(
        pattern=known_by(r"Model '(?P<model>[\w.]+)' does not exist in registry"),
        title="A model that is inherited from does not exist",
        cause="Model '{model}' does not exist in registry",
        explanation="No module that is loaded before this one defines {model}.",
        suggested_fix="Correct _inherit, or add the module that defines the model to 'depends'.",
    ),
    Signature(
        pattern=known_by(r"Field (?P<field>[\w.]+) with unknown comodel_name '(?P<model>[\w.]+)'"),
        title="A field refers to a model that does not exist",
        cause="field {field} refers to the unknown model '{model}'",
        explanation="No module that is loaded defines {model}.",
        suggested_fix="Correct the name, or add the module that defines it to 'depends'.",
    ),
)
