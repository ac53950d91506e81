"""Classes of what is found in a repository: its tree, its modules, their code."""

from typing import Final

from ocore.gates.classes.facts import ClassFacts, facts
from ocore.gates.findings import FindingClass, Gate, GateAction, Severity

_C, _G, _S = FindingClass, Gate, Severity
_BLOCK, _WARN, _INFORM = GateAction.BLOCK, GateAction.WARN, GateAction.INFORM

OF_CODE: Final[dict[FindingClass, ClassFacts]] = {
    _C.SOURCE_BRANCH_MOVED: facts(
        _G.SOURCE_INTEGRITY,
        _S.LOW,
        _INFORM,
        "The branch went on after the commit was pinned; the pinned commit is deployed.",
        "Deploy again if the newer commit is wanted.",
    ),
    _C.SOURCE_TREE: facts(
        _G.SOURCE_INTEGRITY,
        _S.HIGH,
        _BLOCK,
        "The repository breaks a rule of the tree: a path or link out of it, a submodule without"
        " its content, a Git LFS pointer, or too many or too large files.",
        "Remove what the excerpt names, or commit its content.",
    ),
    _C.SOURCE_CONFIGURATION: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "`ocore.toml` cannot be read: it is no TOML, or holds a key or a value that means nothing.",
        "Correct the line; `ocore schema` prints what is allowed.",
    ),
    _C.MODULE_UNREADABLE: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "A manifest or a source file of a module in use cannot be parsed.",
        "Correct the line that the excerpt names.",
    ),
    _C.MODULE_MISSING_DEPENDENCY: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "Neither the repository nor Odoo has a module that is depended on.",
        "Add the module to the repository, or remove it from `depends`.",
    ),
    _C.MODULE_WRONG_SERIES: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "The version of a module is for another Odoo series, whose modules Odoo does not install.",
        "Port the module and give it a version of the instance's series.",
    ),
    _C.MODULE_CYCLE: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "Modules depend on each other in a circle, so that Odoo loads none of them.",
        "Move what both need into a third module.",
    ),
    _C.MODULE_REMOVED: facts(
        _G.MODULES_INSTALLABLE,
        _S.HIGH,
        _BLOCK,
        "A module is installed whose code is gone.",
        "Uninstall it in Odoo first, or put it back.",
    ),
    _C.MODULE_NEWER_THAN_CODE: facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "The database has a module at a higher version than the code: Odoo takes no step back.",
        "Roll back to the deployment whose data fits, or deploy newer code.",
    ),
    _C.MODULE_TRANSITIONAL: facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "The database left a module in a transitional state: an update was begun and not ended.",
        "Deploying updates it; if it stays, look at the module's own log.",
    ),
    _C.MODULE_SCRIPT_UNREACHABLE: facts(
        _G.MODULES_INSTALLABLE,
        _S.MEDIUM,
        _WARN,
        "A migration script can never run: its name, its folder or the manifest's version is"
        " wrong. Odoo does not say so.",
        "Raise the version in the manifest, and name folder and file as Odoo wants them.",
    ),
    _C.CODE_SYNTAX: facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A Python, XML or CSV file that Odoo loads cannot be parsed.",
        "Correct the line that the excerpt names.",
    ),
    _C.CODE_SCHEMA: facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A data file breaks the grammar `import_xml.rng` of the instance's Odoo, which refuses it.",
        "Correct the element; the excerpt is the grammar's own complaint.",
    ),
    _C.CODE_VIEW_SCHEMA: facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A view breaks the grammar that Odoo has for its type, and is refused as invalid.",
        "Correct the element or attribute that the excerpt names.",
    ),
    _C.CODE_UNKNOWN_EXTERNAL_ID: facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "Data refers to an external id that neither the module nor what it depends on declares:"
        " loading ends with `External ID not found in the system`.",
        "Correct the id, or declare the record in a file that is loaded earlier.",
    ),
    _C.CODE_UNREACHABLE_EXTERNAL_ID: facts(
        _G.CODE_STATIC,
        _S.MEDIUM,
        _WARN,
        "Data refers to a record, or a view to a field, of a module that theirs does not depend on:"
        " whether it is there depends on what else is installed.",
        "Add the module to `depends`.",
    ),
    _C.CODE_UNKNOWN_FIELD: facts(
        _G.CODE_STATIC,
        _S.HIGH,
        _BLOCK,
        "A view names a field that its model does not have: Odoo refuses the view.",
        "Correct the name, add the field, or depend on the module that has it.",
    ),
    _C.CODE_CRON: facts(
        _G.CODE_STATIC,
        _S.MEDIUM,
        _WARN,
        "A scheduled action calls a method of its model that no module in use has, nor Odoo itself:"
        " each of its runs fails. It stands in the data of a module, or in this database, where"
        " records with `noupdate` keep the code of their first installation.",
        "Give the model its method back, or have a script of the new version change or delete the"
        " scheduled action.",
    ),
    _C.CODE_LINT: facts(
        _G.CODE_STATIC,
        _S.MEDIUM,
        _WARN,
        "pylint-odoo reports an error that shows at run time: SQL built from text, a commit in the"
        " middle of a transaction, a request without a timeout, a removed API.",
        "Follow the message, or put `# pylint: disable=…` with a reason on the line.",
    ),
    _C.SECRET_CREDENTIAL: facts(
        _G.CODE_SECRETS,
        _S.CRITICAL,
        _BLOCK,
        "A credential lies in the tree: everybody who can read the repository can use it.",
        "Revoke it, then take it out: what was pushed once is known.",
    ),
    _C.SECRET_ODOO: facts(
        _G.CODE_SECRETS,
        _S.HIGH,
        _BLOCK,
        "A data file fills a field of Odoo that holds a credential and nothing else.",
        "Leave the field empty and set it in the database, or by an environment variable.",
    ),
    _C.SECRET_IN_TESTS: facts(
        _G.CODE_SECRETS,
        _S.LOW,
        _INFORM,
        "What looks like a credential lies in tests or demo data, where it is mostly made up.",
        "Make sure that it opens nothing.",
    ),
}
