"""Logs of Odoo and of deployments: read as they come, and summarised."""

from ocore.odoo.logs.markers import step_marker, step_of
from ocore.odoo.logs.reader import Record, parse_line, records, starts_in
from ocore.odoo.logs.summary import LogSummary, Summariser

__all__ = [
    "LogSummary",
    "Record",
    "Summariser",
    "parse_line",
    "records",
    "starts_in",
    "step_marker",
    "step_of",
]
