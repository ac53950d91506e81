"""`python -m ocore.gates.pages docs/reference`: writes the pages on gates and findings.

They are made of the tables that the checks themselves use, so that they cannot disagree.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ocore.gates.catalog import CLASSES, ClassFacts, classes_of
from ocore.gates.configuration import schema
from ocore.gates.findings import FindingClass, Gate
from ocore.gates.kinds import GATES, GateFacts
from ocore.gates.lint import CHECKS
from ocore.gates.profiles import REQUIRED, Profile

_ACTIONS: Final = {
    "block": "keeps the deployment from going on where the gate is required",
    "warn": "is shown, and makes the verdict `clean_with_warnings`",
    "inform": "is shown",
}


def pages() -> dict[str, str]:
    """Return the text of every page, by its path below the reference."""
    return {
        "gates/index.md": _gate_index(),
        "findings/index.md": _class_index(),
        "ocore.schema.json": json.dumps(schema(), indent=2) + "\n",
        **{f"gates/{gate}.md": _gate_page(gate, facts) for gate, facts in GATES.items()},
        **{f"findings/{cls}.md": _class_page(cls, facts) for cls, facts in CLASSES.items()},
    }


def write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def required_in(gate: Gate) -> tuple[Profile, ...]:
    return tuple(profile for profile in Profile if gate in REQUIRED[profile])


def _gate_index() -> str:
    rows = [
        f"| [`{gate}`]({gate}.md) | {facts.step} | {_profiles(gate)} | {facts.fails_when} |"
        for gate, facts in GATES.items()
    ]
    head = ["| gate | step | required in | fails when |", "| --- | --- | --- | --- |"]
    return _page("Gates", "\n".join([*head, *rows]))


def _class_index() -> str:
    rows = [
        f"| [`{cls}`]({cls}.md) | [`{facts.gate}`](../gates/{facts.gate}.md) | {facts.severity} |"
        f" {facts.action} | {facts.meaning} |"
        for cls, facts in CLASSES.items()
    ]
    head = ["| class | gate | severity | action | meaning |", "| --- | --- | --- | --- | --- |"]
    return _page("Finding classes", "\n".join([*head, *rows]))


def _gate_page(gate: Gate, facts: GateFacts) -> str:
    rows = [
        f"| [`{cls}`](../findings/{cls}.md) | {each.severity} | {each.action} | {each.meaning} |"
        for cls, each in classes_of(gate).items()
    ]
    found = ["| class | severity | action | meaning |", "| --- | --- | --- | --- |", *rows]
    told = [
        f"- Looks at {facts.looks_at}.",
        f"- Fails when {facts.fails_when}.",
        f"- Required in: {_profiles(gate)}.",
    ]
    waiver = "may be waived" if facts.waivable else "cannot be waived"
    told.append(f"- A failure {waiver}.")
    if facts.seconds is not None:
        told.append(f"- Time limit: {facts.seconds:.0f} s; past it it is an `error`, never a pass.")
    parts = [
        f"**{facts.title}** runs in the step *{facts.step}* (mode `{facts.mode}`).",
        "\n".join(told),
        "## What it can find\n\n" + "\n".join(found) if rows else "It has no findings.",
    ]
    if gate is Gate.CODE_STATIC:
        parts.append(_lint_checks())
    return _page(f"`{gate}`", "\n\n".join(parts))


def _lint_checks() -> str:
    rows = [f"| `{check}` | {severity} |" for check, severity in CHECKS.items()]
    head = ["| pylint-odoo check | severity |", "| --- | --- |"]
    return "## Checks of pylint-odoo\n\n" + "\n".join([*head, *rows])


def _class_page(cls: FindingClass, facts: ClassFacts) -> str:
    told = [
        f"- Gate: [`{facts.gate}`](../gates/{facts.gate}.md)",
        f"- Severity: {facts.severity}",
        f"- Action: `{facts.action}`: it {_ACTIONS[facts.action]}",
    ]
    parts = [facts.meaning, "\n".join(told), f"**What to do.** {facts.remedy}"]
    return _page(f"`{cls}`", "\n\n".join(parts))


def _profiles(gate: Gate) -> str:
    return ", ".join(required_in(gate)) or "none: it warns"


def _page(title: str, body: str) -> str:
    return f"# {title}\n\n{body}\n"


def main(arguments: Sequence[str]) -> int:
    """Write all pages into the folder named on the command line."""
    write(Path(arguments[0]), pages())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
