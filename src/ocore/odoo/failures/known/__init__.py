"""Failures that Odoo people really meet: by which words they are known, and what helps."""

from ocore.odoo.failures.known.containers import CONTAINERS
from ocore.odoo.failures.known.database import DATABASE
from ocore.odoo.failures.known.git import GIT
from ocore.odoo.failures.known.machine import DISK_FULL, KILLED, MACHINE
from ocore.odoo.failures.known.modules import MODULES
from ocore.odoo.failures.known.packages import PACKAGES
from ocore.odoo.failures.known.python import PYTHON
from ocore.odoo.failures.known.signature import Signature
from ocore.odoo.failures.known.views import VIEWS

SIGNATURES = (*MACHINE, *DATABASE, *VIEWS, *MODULES, *PYTHON)
"""In this order: a full disk explains the exceptions it causes, and not the other way round."""

TOOL_SIGNATURES = (DISK_FULL, *GIT, *PACKAGES, *CONTAINERS)
"""Of the programs around Odoo; what a build says may hold the words of all of them."""

__all__ = ["KILLED", "SIGNATURES", "TOOL_SIGNATURES", "Signature"]
