"""The card that each log must lead to, kept in cards.toml."""

import tomllib
from pathlib import Path
from typing import Any

from ocore.odoo.failures import FailureCard, explain, explain_tool
from tests.odoo.failures.case import ROOT, read_log

TOOLS = ("docker_", "git_", "pip_", "requirement_", "uv_")
CARDS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_name("cards.toml").read_text())


def card_of(name: str, *, root: str | None = ROOT) -> FailureCard:
    """Return the card as the part of oCore that meets this failure makes it."""
    log = read_log(name)
    if name.startswith(TOOLS):
        return explain_tool(log.lines, otherwise="It failed")
    card = explain(log.lines, modules_root=root, exit_code=log.exit_code)
    assert card is not None
    return card
