"""Modules that cannot come together."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

MODULES: Final = (
    Signature(
        pattern=known_by(
            r"module [\"']?(?P<module>\w+)[\"']? that depends on (?:the )?module:? "
            r"[\"']?(?P<missing>\w+)[\"']?"
        ),
        title="A dependency is missing",
        cause="depends on {missing}, which is not available",
        explanation="The module {missing} is neither part of this Odoo nor of the repository.",
        suggested_fix="Add {missing} to the repository, or take it out of 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"module \"(?P<module>\w+)\" because an external dependency is not met: "
            r"(?:Python library not installed: |Unable to find '(?=\S+' in path))?"
            r"(?P<package>[^\n']+)"
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
        explanation=(
            "Odoo ignores unknown names, and modules whose manifest it cannot read, and ends as if "
            "all were well."
        ),
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
    Signature(
        pattern=known_by(r"Recursion error in modules dependencies"),
        title="Modules depend on each other in a circle",
        cause="Recursion error in modules dependencies",
        explanation="Each of them would have to be loaded before the other.",
        suggested_fix="Move what both need into a third module.",
    ),
    Signature(
        pattern=known_by(
            r"[Tt]he module (?P<module>\w+) has an incompatible version"
            r"|module (?P<name>\w+): not installable, skipped"
        ),
        title="A module is for another series of Odoo",
        cause="Odoo does not install {module}{name}",
        explanation="The version in its manifest begins with another series, or it says so itself.",
        suggested_fix="Migrate the module, then let its version begin with this series.",
    ),
    Signature(
        pattern=known_by(
            r"Wrong @(?:api\.)?depends on '(?P<method>\w+)' \(compute method of field "
            r"(?P<field>[\w.]+)\)\. Dependency field '(?P<missing>\w+)' not found"
        ),
        title="@api.depends names a field that does not exist",
        cause="'{missing}' in @api.depends of {method}, which computes {field}",
        explanation="The name is wrong, or the field is of a module that is loaded later.",
        suggested_fix="Correct @api.depends, or add the module that defines it to 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"Field (?P<field>[\w.]+) cannot find dependency '(?P<missing>\w+)' on model"
        ),
        title="@api.depends names a field that does not exist",
        cause="'{missing}' in @api.depends of the method that computes {field}",
        explanation="The name is wrong, or the field is of a module that is loaded later.",
        suggested_fix="Correct @api.depends, or add the module that defines it to 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"Field (?P<missing>\w+) referenced in related field definition (?P<field>[\w.]*\w)"
        ),
        title="A related field goes along one that does not exist",
        cause="'{missing}' in related= of {field}",
        explanation="No module that is loaded defines it.",
        suggested_fix="Correct related=, or add the module that defines the field to 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"AttributeError: module 'odoo\.addons\.(?P<module>\w+)' has no attribute "
            r"'(?P<name>\w+)'"
        ),
        title="A hook does not exist",
        cause="the module {module} has no {name}",
        explanation="The manifest names it as a hook; it must be in the module's __init__.py.",
        suggested_fix="Import {name} in __init__.py, or take it out of the manifest.",
    ),
    Signature(
        pattern=known_by(r"^KeyError: '(?P<model>[a-z_]\w*(?:\.\w+)+)'"),
        title="A model does not exist",
        cause="there is no model '{model}'",
        explanation="No module that is loaded at this point defines {model}; or it was removed.",
        suggested_fix="Correct the name, or add the module that defines the model to 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"^AttributeError: (?:type object )?'(?P<model>[a-z_]\w*(?:\.\w+)+)'(?: object)?"
            r" has no attribute '(?P<name>\w+)'"
        ),
        title="A model has no such method or field",
        cause="'{model}' object has no attribute '{name}'",
        explanation="It was renamed or removed, or the module that adds it is not loaded.",
        suggested_fix="Correct the name, or add the module that defines it to 'depends'.",
    ),
)
