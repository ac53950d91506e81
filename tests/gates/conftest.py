from dataclasses import dataclass, replace
from pathlib import Path

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
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one for all: compiling the scanner's rules anew takes ten seconds."""
    return tmp_path_factory.mktemp("gates")


@pytest.fixture(scope="session")
async def corpus(odoo: RealOdoo, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Corpus:
    folder = tmp_path_factory.mktemp("corpus")
    commits = build(folder / "repository", CASES)
    linter = await (await venvs()).make([REQUIREMENT], say=print)
    checker = await Checker.over(folder / "repository", odoo.tree, folder, linter)
    return Corpus(replace(checker, cache=cache), commits)
