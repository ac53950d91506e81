"""Failures in Odoo's words, and what they mean in plain ones."""

from ocore.odoo.failures.card import FailureCard, Where, headline
from ocore.odoo.failures.explain import explain
from ocore.odoo.failures.problems import problem_card
from ocore.odoo.failures.signatures import error_classes, suspicious
from ocore.odoo.failures.tools import explain_tool

__all__ = [
    "FailureCard",
    "Where",
    "error_classes",
    "explain",
    "explain_tool",
    "headline",
    "problem_card",
    "suspicious",
]
