"""Cards for what is wrong with modules before any of them runs."""

from dataclasses import dataclass
from typing import Final

from ocore.odoo.failures.card import FailureCard, Where
from ocore.odoo.problems import Problem, ProblemKind


@dataclass(frozen=True, slots=True)
class _Advice:
    title: str
    explanation: str
    suggested_fix: str


ADVICE: Final[dict[ProblemKind, _Advice]] = {
    ProblemKind.NO_MODULE: _Advice(
        "The repository has no Odoo module",
        "A module is a folder with a __manifest__.py; none was found.",
        "Deploy the branch that holds the modules, or correct the project's repository URL.",
    ),
    ProblemKind.UNREADABLE: _Advice(
        "A file does not parse",
        "A manifest is one Python dictionary of plain values; Python and XML must be well-formed.",
        "Correct the file at this line, or a little above it.",
    ),
    ProblemKind.MISSING_DEPENDENCY: _Advice(
        "A dependency is missing",
        "Neither the repository nor this Odoo has the module that is depended on.",
        "Add it to the repository, or take it out of 'depends'.",
    ),
    ProblemKind.WRONG_SERIES: _Advice(
        "A module is for another series of Odoo",
        "Odoo installs only modules whose version begins with its own series.",
        "Migrate the module, then let its version begin with this series.",
    ),
    ProblemKind.DEPENDENCY_CYCLE: _Advice(
        "Modules depend on each other in a circle",
        "Each of them would have to be loaded before the other.",
        "Move what both need into a third module.",
    ),
    ProblemKind.REMOVED_BUT_INSTALLED: _Advice(
        "An installed module is gone",
        "The database has it installed, and Odoo would load it without its code.",
        "Put it back into the repository, or uninstall it first.",
    ),
}


def problem_card(problem: Problem) -> FailureCard:
    """Return the card of a problem that keeps a commit from going live."""
    advice = ADVICE[problem.kind]
    place = f"{problem.file}: "
    return FailureCard(
        title=advice.title,
        cause=problem.sentence.removeprefix(place),
        where=Where(module=problem.module, file=problem.file, line=problem.line),
        excerpt=problem.sentence,
        explanation=advice.explanation,
        suggested_fix=advice.suggested_fix,
        retryable=False,
    )
