"""Failures in Odoo's words, and what they mean in plain ones."""

from ocore.odoo.failures.card import FailureCard, Where, headline
from ocore.odoo.failures.explain import explain
from ocore.odoo.failures.signatures import error_classes, suspicious

__all__ = ["FailureCard", "Where", "error_classes", "explain", "headline", "suspicious"]
