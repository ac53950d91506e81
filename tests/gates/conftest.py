from dataclasses import dataclass

import pytest

from ocore.gates.lint import REQUIREMENT
from tests.gates.cases import CASES
from tests.gates.checking import Checker
from tests.gates.corpus import build
from tests.real_odoo import RealOdoo, venvs


@dataclass(frozen=True)
class Corpus:
    """The repository of all cases, ready to be checked."""

    checker: Checker
    commits: dict[str, tuple[str, str, str]]


@pytest.fixture(scope="session")
async def corpus(odoo: RealOdoo, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    commits = build(folder / "repository", CASES)
    linter = await (await venvs()).make([REQUIREMENT], say=print)
    checker = await Checker.over(folder / "repository", odoo.tree, folder, linter)
    return Corpus(checker, commits)
