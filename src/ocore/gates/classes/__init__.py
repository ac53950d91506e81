"""Every class of findings: what it means, what its gate does about it, and what to do."""

from typing import Final

from ocore.gates.classes.code import OF_CODE
from ocore.gates.classes.data import OF_DATA
from ocore.gates.classes.facts import ClassFacts
from ocore.gates.findings import FindingClass

__all__ = ["CLASSES", "ClassFacts"]

CLASSES: Final[dict[FindingClass, ClassFacts]] = {**OF_CODE, **OF_DATA}
