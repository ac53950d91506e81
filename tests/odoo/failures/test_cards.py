"""Each log here was left by a real failure; its header says how it was caused.

`python -m tests.odoo.failures.cause NAME…` causes it again: as root, with the network, and with
docker.io and docker-registry for what begins with `docker_`, debootstrap for what begins with
`odoo14_`.
"""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocore.odoo.failures import explain, explain_tool, headline
from ocore.odoo.failures.known import KILLED, SIGNATURES, TOOL_SIGNATURES
from scripts.failures_page import PAGE, page
from tests.odoo.failures.case import ROOT, names, read_log
from tests.odoo.failures.cause import STAGES
from tests.odoo.failures.expect import CARDS, card_of
from tests.odoo.failures.older import OLDER

# Nobody here can cause it: it takes an SSH server whose key is not known.
UNCAUSED = {"The git server's SSH key is not known"}


def test_every_failure_has_a_cause_a_log_and_a_card() -> None:
    caused = sorted(case.name for _, cases in STAGES for case in cases)
    assert caused == names() == sorted(CARDS)


@pytest.mark.parametrize("name", names())
def test_a_real_failure_is_explained(name: str) -> None:
    card, expected = card_of(name), CARDS[name]
    assert {
        "title": card.title,
        "said": headline(card),
        **({"record": card.where.record} if card.where.record else {}),
        **({"view": card.where.view} if card.where.view else {}),
        **({"retryable": True} if card.retryable else {}),
    } == expected
    assert card.explanation
    assert card.suggested_fix
    assert "{" not in card.explanation.replace("attrs=", "")


@pytest.mark.parametrize("name", names())
def test_the_same_is_said_when_nobody_knows_where_the_modules_are(name: str) -> None:
    assert headline(card_of(name, root=None)) == headline(card_of(name))


def test_no_explanation_was_never_needed() -> None:
    titles = {each.title for each in (KILLED, *SIGNATURES, *TOOL_SIGNATURES)}
    assert titles - {card["title"] for card in CARDS.values()} == UNCAUSED


@pytest.mark.parametrize("name", sorted(OLDER))
def test_the_words_of_series_between_are_understood(name: str) -> None:
    text, said = OLDER[name]
    card = explain(text.splitlines(), modules_root=ROOT)
    assert card is not None
    assert headline(card) == said


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("Host key verification failed.", "The git server's SSH key is not known"),
        (
            (
                'ERROR: process "/bin/sh -c pip install lxml" did not complete successfully: '
                "exit code: 1"
            ),
            "A step of the image's build failed",
        ),
        (
            "executor failed running [/bin/sh -c echo no; exit 3]: exit code: 3",
            "A step of the image's build failed",
        ),
        (
            'failed to compute cache key: "/missing" not found: not found',
            "The build copies what is not there",
        ),
        ("toomanyrequests: slow down", "It failed"),
    ],
)
def test_what_cannot_be_caused_here_is_known_by_its_words(line: str, title: str) -> None:
    assert explain_tool([line], otherwise="It failed").title == title


def test_a_card_holds_no_credential_of_an_address() -> None:
    lines = ["error: Failed to fetch: https://ana:token@index.example/simple/lxml/"]
    card = explain_tool(lines, otherwise="It failed")
    shown = str(card.as_json())
    assert "token" not in shown
    assert "index.example" in shown


def test_an_unknown_failure_is_told_by_its_last_line() -> None:
    card = explain_tool(["one", "two"], otherwise="The image could not be built")
    assert (card.title, card.cause) == ("The image could not be built", "two")
    assert explain_tool([], otherwise="It failed").cause == "nothing was said"


def test_a_log_says_how_it_was_made() -> None:
    for name in names():
        facts = read_log(name).facts
        assert facts["failure"]
        assert facts["command"]


def test_the_page_of_known_failures_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run scripts/failures_page.py"


@pytest.mark.parametrize(
    "piece",
    [
        "Failed to build `x` ",
        "Building wheel for x ",
        "manifest for x ",
        'process "',
        "git cannot read ",
        "COPY failed: ",
        "The command '",
        "://a:",
    ],
)
def test_hostile_output_takes_no_time(piece: str) -> None:
    begun = time.process_time()
    assert explain_tool([piece * 5_000] * 500, otherwise="It failed").title
    assert time.process_time() - begun < 20


@given(st.lists(st.text(max_size=80), max_size=30))
def test_output_of_any_kind_can_be_explained(lines: list[str]) -> None:
    card = explain_tool(lines, otherwise="It failed")
    assert json.loads(json.dumps(card.as_json())) == card.as_json()
