"""Each log is of a real Odoo 19 that ran a module broken in that way; only paths were replaced."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocore.odoo.failures import FailureCard, error_classes, explain, headline, suspicious
from tests.odoo.repository import LOGS, headlines, log_lines

ROOT = "/srv/library/addons"
HEADLINES = headlines()


def card_of(name: str, *, root: str | None = ROOT, exit_code: int | None = None) -> FailureCard:
    card = explain(log_lines(name), modules_root=root, exit_code=exit_code)
    assert card is not None
    return card


@pytest.mark.parametrize("root", [ROOT, None], ids=["root known", "root unknown"])
@pytest.mark.parametrize(("log", "said"), HEADLINES, ids=[log for log, _ in HEADLINES])
def test_a_failure_is_told_in_one_sentence(log: str, said: str, root: str | None) -> None:
    assert headline(card_of(log, root=root)) == said


@pytest.mark.parametrize("log", ["install_good", "update_good", "install_base"])
def test_a_good_run_has_no_failure(log: str) -> None:
    lines = [line for line in log_lines(log) if "pg_trgm" not in line]
    assert explain(lines, modules_root=ROOT) is None


def test_a_card_has_every_key_and_is_json() -> None:
    card = card_of("view_unknown_field").as_json()
    assert json.loads(json.dumps(card)) == card
    assert set(card) == {
        "title",
        "cause",
        "where",
        "excerpt",
        "explanation",
        "suggestedFix",
        "retryable",
        "docsUrl",
        "fingerprint",
    }
    assert card["where"] == {
        "module": "library_loans",
        "file": "library_loans/views/loan_views.xml",
        "line": 3,
        "record": None,
        "view": "library_loans.view_loan_form",
    }


def test_a_data_record_is_named() -> None:
    assert card_of("missing_external_id").where.record == "library_loans.loan_first"


def test_the_excerpt_shows_the_line_of_code() -> None:
    excerpt = card_of("migration_name_error").excerpt
    assert "foo(loan)" in excerpt
    assert excerpt.endswith("NameError: name 'foo' is not defined")


@pytest.mark.parametrize("log", ["migration_not_null", "check_constraint", "data_required_missing"])
def test_rows_of_customers_never_get_into_a_card(log: str) -> None:
    shown = json.dumps(card_of(log).as_json())
    assert "Failing row contains" not in shown or "(…)" in json.loads(shown)["excerpt"]
    assert "Ana" not in json.loads(shown)["cause"]
    assert "2026-11-24" not in shown


@pytest.mark.parametrize(
    ("log", "retryable"),
    [
        ("lock_timeout", True),
        ("migration_serialization", True),
        ("port_taken", True),
        ("database_unreachable", True),
        ("python_syntax", False),
        ("migration_name_error", False),
        ("view_unknown_field", False),
    ],
)
def test_only_what_may_pass_by_itself_is_worth_another_try(log: str, *, retryable: bool) -> None:
    assert card_of(log).retryable is retryable


def test_a_killed_process_cannot_say_so_but_its_exit_code_does() -> None:
    card = card_of("killed", exit_code=-9)
    assert headline(card) == "library_loans: the process was killed by signal 9"
    assert card_of("killed", exit_code=137).fingerprint == card.fingerprint
    assert explain(log_lines("killed"), modules_root=ROOT) is None


def test_a_full_disk_goes_before_the_exception_it_causes() -> None:
    lines = [
        "Traceback (most recent call last):",
        f'  File "{ROOT}/loans/models/loan.py", line 3, in _fill',
        "    self.env.cr.execute(query)",
        'psycopg2.errors.DiskFull: could not extend file "base/1/2": No space left on device',
        "HINT:  Check free disk space.",
    ]
    card = explain(lines, modules_root=ROOT)
    assert card is not None
    assert (card.title, card.retryable) == ("The disk is full", True)


def test_an_exception_that_nobody_knows_points_to_the_innermost_own_line() -> None:
    lines = [
        "2026-01-02 10:00:00,000 7 ERROR db odoo.http: Exception during request handling.",
        "Traceback (most recent call last):",
        f'  File "{ROOT}/custom/loans/models/loan.py", line 3, in action',
        "    return self.lend()",
        f'  File "{ROOT}/custom/loans/models/loan.py", line 9, in lend',
        "    return api.call(self)",
        '  File "/venv/lib/python3.11/site-packages/thirdparty/api.py", line 77, in call',
        "    raise Odd(3)",
        "thirdparty.errors.Odd: 3 things",
    ]
    card = explain(lines, modules_root=ROOT)
    assert card is not None
    assert headline(card) == "loans/models/loan.py line 9: Odd: 3 things"


def test_what_a_model_refuses_points_to_the_record_in_the_data_file() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/opt/odoo/odoo/addons/base/models/res_partner.py", line 9, in _check',
        '    raise ValidationError(_("No circles"))',
        "odoo.exceptions.ValidationError: No circles",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last):",
        '  File "/opt/odoo/odoo/tools/convert.py", line 618, in _tag_root',
        "    raise ParseError('while parsing %s:%s, somewhere inside' % (",
        f"odoo.tools.convert.ParseError: while parsing {ROOT}/loans/data/a.xml:7, somewhere inside",
        '<record id="circle" model="res.partner"/>',
    ]
    card = explain(lines, modules_root=ROOT)
    assert card is not None
    assert headline(card) == "loans/data/a.xml line 7: ValidationError: No circles"
    assert card.where.record == "loans.circle"


def test_without_own_code_the_innermost_line_of_all_is_named() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/opt/odoo/odoo/addons/web/models/models.py", line 12, in read',
        "    return 1 / 0",
        "ZeroDivisionError: division by zero",
    ]
    card = explain(lines, modules_root=ROOT)
    assert card is not None
    assert headline(card) == "web/models/models.py line 12: ZeroDivisionError: division by zero"


def test_a_warning_with_a_traceback_is_no_failure() -> None:
    lines = [
        "2026-01-02 10:00:00,000 7 WARNING db odoo.modules.loading: demo data failed to install",
        "Traceback (most recent call last):",
        f'  File "{ROOT}/loans/models/loan.py", line 3, in _fill',
        "ValueError: no",
    ]
    assert explain(lines, modules_root=ROOT) is None


def test_the_last_error_speaks_when_there_is_no_traceback() -> None:
    lines = ["2026-01-02 10:00:00,000 7 ERROR db odoo.addons.x: Something odd happened"]
    card = explain(lines, modules_root=None)
    assert card is not None
    assert headline(card) == "Odoo logged an error: Something odd happened"


def test_a_fingerprint_is_the_same_for_the_same_failure_elsewhere() -> None:
    one = card_of("migration_unique")
    lines = [
        line.replace("/srv/library", "/srv/other")
        .replace("2026-11", "2027-02")
        .replace("(1)", "(9)")
        for line in log_lines("migration_unique")
    ]
    other = explain(lines, modules_root="/srv/other/addons")
    assert other is not None
    assert other.fingerprint == one.fingerprint != card_of("migration_not_null").fingerprint


@pytest.mark.parametrize(
    "line",
    [
        "WARNING db odoo.modules.loading: invalid module names, ignored: lons",
        "INFO db odoo.modules.graph: module loans: Unmet dependencies: shelves",
        "ERROR db odoo.modules.loading: Some modules are not loaded, some dependencies or …",
        "ERROR db odoo.modules.loading: Some modules have inconsistent states, some …",
        "WARNING db odoo.modules.loading: Transient module states were reset",
        "WARNING db odoo.schema: Missing not-null constraint on library.loan.reader",
        "ERROR db odoo.sql_db: bad query: b'UPDATE x'",
        "ERROR: could not serialize access due to concurrent update",
    ],
)
def test_some_lines_are_bad_news_though_the_exit_code_is_0(line: str) -> None:
    assert suspicious(line)


def test_a_good_run_has_no_suspicious_line() -> None:
    assert not any(suspicious(line) for line in log_lines("update_good"))


def test_errors_of_one_class_are_one_whatever_their_ids() -> None:
    lines = [
        f"2026-01-02 10:00:0{n},000 7 ERROR db odoo.http: Loan {n} of res.partner({n}, {n + 1})"
        for n in range(5)
    ]
    assert len(error_classes(lines)) == 1
    assert len(error_classes([*lines, *log_lines("login_500")])) == 2


def test_an_error_class_is_told_with_its_exception() -> None:
    (said,) = error_classes(log_lines("login_500")).values()
    assert said == (
        "ERROR odoo.http: Exception during request handling. AttributeError: 'Home (extended by "
        "Home, Home, Login)' object has no attribute 'greeting'"
    )


@given(
    name=st.sampled_from(sorted(path.stem for path in LOGS.glob("*.log"))),
    cut=st.integers(min_value=0, max_value=4_000),
    noise=st.text(max_size=60),
)
def test_whatever_the_lines_are_nothing_is_raised(name: str, cut: int, noise: str) -> None:
    text = Path(LOGS / f"{name}.log").read_text()[:cut] + noise
    lines = text.splitlines()
    card = explain(lines, modules_root=ROOT, exit_code=1)
    assert card is None or headline(card)
    assert isinstance(error_classes(lines), dict)


@given(st.lists(st.text(max_size=80), max_size=30))
def test_lines_of_any_kind_can_be_explained(lines: list[str]) -> None:
    assert explain(["Traceback (most recent call last):", *lines], modules_root="/x") or True


@pytest.mark.parametrize("piece", ["<record ", "while parsing /", "Element '", "Field x", "ab12"])
def test_a_hostile_message_takes_no_time(piece: str) -> None:
    begin = ["Traceback (most recent call last):", '  File "/x/loans/a.py", line 1, in y']
    raised = f"odoo.tools.convert.ParseError: while parsing /x/loans/y.xml:3, near{piece * 5000}"
    begun = time.process_time()
    assert explain([*begin, raised, *[piece * 1000] * 500], modules_root="/x") is not None
    assert time.process_time() - begun < 5
