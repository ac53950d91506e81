"""What certainly calls into nothing is found; whatever the text does not tell is left alone."""

from pathlib import Path

import pytest

from ocore.gates.crons import Code, in_data, in_database
from ocore.gates.findings import Finding, GateAction
from ocore.odoo.crons import Cron
from ocore.odoo.facts import BrokenPart, CronFacts, ModelFacts, ModuleFacts, ScriptFacts
from ocore.odoo.facts.world import World

BASE = ModuleFacts(
    "base", models=(ModelFacts("base", "m.py", 1, kind="abstract", methods=("_of_base",)),)
)
MIXIN = ModelFacts("mixin", "m.py", 1, kind="abstract", methods=("_of_mixin",))
LOAN = ModelFacts("loan", "m.py", 1, parents=("mixin",), methods=("_remind",))


@pytest.fixture
def odoo(tmp_path: Path) -> str:
    (tmp_path / "models.py").write_text("class BaseModel:\n    def search(self): pass\n")
    return str(tmp_path)


def loans(*models: ModelFacts, **rest: object) -> ModuleFacts:
    return ModuleFacts("loans", models=models, **rest)  # type: ignore[arg-type]


def code(odoo: str | None, *modules: ModuleFacts) -> Code:
    found = {each.name: each for each in (BASE, *modules)}
    return Code(World(found, frozenset(found)), odoo)


def cron(method: str, *, xmlid: str | None = None, noupdate: bool = False) -> Cron:
    return Cron(
        name="Remind", model="loan", code=f"model.{method}()", xmlid=xmlid, noupdate=noupdate
    )


def found(now: Code, *crons: Cron, before: Code | None = None) -> list[Finding]:
    return list(in_database(crons, now, before=before, own={"loans"}))


def test_a_method_that_neither_the_model_nor_its_parents_nor_odoo_has_is_missed(odoo: str) -> None:
    now = code(odoo, loans(MIXIN, LOAN))
    assert not found(now, *map(cron, ("_remind", "_of_mixin", "_of_base", "search")))
    (missed,) = found(now, cron("_gone", xmlid="x.remind"))
    assert (missed.action, missed.metadata["method"]) == (GateAction.WARN, "_gone")
    assert "“Remind” (x.remind) of this database calls _gone, which loan does not" in missed.excerpt


@pytest.mark.parametrize(
    "facts",
    [
        loans(LOAN),  # a mix-in that nobody knows
        loans(MIXIN, ModelFacts("loan", "m.py", 1, parents=("mixin",), foreign=True)),
        loans(MIXIN, ModelFacts("loan", "m.py", 1, parents=("loan", "mixin"))),  # made elsewhere
        loans(MIXIN, LOAN, ModelFacts("a", "m.py", 1, open=True, methods=("_gone",))),
        loans(MIXIN, LOAN, patches=("_gone",)),
        loans(MIXIN, LOAN, broken=(BrokenPart("python", "m.py", 1, "not Python"),)),
    ],
)
def test_where_the_text_does_not_tell_nothing_is_said(odoo: str, facts: ModuleFacts) -> None:
    assert not found(code(odoo, facts), cron("_gone"))


def test_without_an_odoo_nothing_is_said() -> None:
    assert not found(code(None, loans(MIXIN, LOAN)), cron("_gone"))


def test_of_what_fails_already_nobody_is_warned(odoo: str) -> None:
    now, had = code(odoo, loans(MIXIN, LOAN)), code(odoo, loans(MIXIN, LOAN, _with("_gone")))
    assert [each.action for each in found(now, cron("_gone"), before=had)] == [GateAction.WARN]
    (old,) = found(now, cron("_gone"), before=now)
    assert old.action is GateAction.INFORM
    assert old.excerpt.endswith("it fails with the live code already")


def test_what_the_update_loads_anew_is_judged_by_the_data(odoo: str) -> None:
    data = CronFacts("loans.remind", "loans.model_loan", "model._remind()", "d.xml", 3)
    now = code(odoo, loans(MIXIN, LOAN, crons=(data,)))
    assert not found(now, cron("_gone", xmlid="loans.remind"))
    assert not found(now, cron("_gone", xmlid="loans.no_longer_declared"))
    assert found(now, cron("_gone", xmlid="loans.remind", noupdate=True))
    assert found(now, cron("_gone", xmlid="elsewhere.remind"))
    assert not list(in_data(now, now.world.modules["loans"], "addons/loans"))


def test_what_a_new_script_is_about_is_left_to_it(odoo: str) -> None:
    kept = cron("_gone", xmlid="loans.remind", noupdate=True)
    before = code(odoo, loans(MIXIN, LOAN))
    for word in ("loans.remind", "remind", "_gone"):
        script = ScriptFacts("migrations/19.0.1.1.0/post-x.py", (word,))
        now = code(odoo, loans(MIXIN, LOAN, scripts=(script,)))
        assert not found(now, kept, before=before)
        assert found(now, kept, before=now), "it has run, and did not help"


def test_data_that_calls_into_nothing_is_named_with_its_line(odoo: str) -> None:
    data = CronFacts("loans.remind", "loans.model_loan", "model._gone()", "d.xml", 3)
    now = code(odoo, loans(MIXIN, LOAN, crons=(data,)))
    (missed,) = in_data(now, now.world.modules["loans"], "addons/loans")
    assert missed.excerpt == (
        "addons/loans/d.xml line 3: loans.remind calls _gone, which loan does not have"
    )
    unknown = CronFacts("loans.remind", "loans.model_lone", "model._gone()", "d.xml", 3)
    now = code(odoo, loans(MIXIN, LOAN, crons=(unknown,)))
    assert not list(in_data(now, now.world.modules["loans"], "."))


def _with(method: str) -> ModelFacts:
    return ModelFacts("loan", "more.py", 1, parents=("loan",), methods=(method,))
