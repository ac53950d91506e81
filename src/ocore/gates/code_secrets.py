"""Gate `code.secrets`: credentials in the tree. No value of one is kept, shown or logged."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from ocore.gates.catalog import found
from ocore.gates.findings import Finding, FindingClass
from ocore.gates.kingfisher import Secret
from ocore.odoo.facts import ModuleFacts

VERSION: Final = 1
"""Grows when the same files would give other findings."""

_MADE_UP: Final = frozenset({"test", "tests", "demo", "testing", "fixtures", "examples"})
_CONFIDENCE: Final = {"low": 0.4, "medium": 0.7, "high": 0.95}
_SETTING: Final = re.compile(r"^\s*(admin_passwd|db_password|smtp_password)\s*=\s*(\S+)\s*$")
_NO_SECRET: Final = re.compile(r"(?i)^(admin|false|none|odoo|changeme|\$.*|x+|\*+|<.*>|\{.*\})$")


def check(
    secrets: Sequence[Secret], modules: Mapping[str, ModuleFacts], paths: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield a finding for each credential; files of `secrets` are relative to the repository.

    One that tests of the same repository use as well is taken for made up wherever it lies.
    """
    owners = {path: name for name, path in paths.items()}
    known = {each.fingerprint for each in secrets if each.fingerprint and _is_made_up(each.file)}
    for secret in secrets:
        made_up = _is_made_up(secret.file) or secret.fingerprint in known
        yield _scanned(secret, _owner(secret.file, owners), made_up=made_up)
    for name, facts in modules.items():
        yield from _in_records(facts, paths[name])


def settings_in(text: str, file: str) -> Iterator[Secret]:
    """Yield the passwords that an `odoo.conf` sets."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = _SETTING.match(line)
        if match and not _NO_SECRET.match(match[2]):
            yield Secret("odoo.conf", f"{match[1]} of an odoo.conf", file, number, "high", "")


def _scanned(secret: Secret, module: str | None, *, made_up: bool) -> Finding:
    cls = FindingClass.SECRET_IN_TESTS if made_up else FindingClass.SECRET_CREDENTIAL
    return found(
        cls,
        f"{secret.file} line {secret.line}: {secret.title.replace('-', ' ')}: ••••",
        confidence=_CONFIDENCE.get(secret.confidence, 0.5) * (0.5 if made_up else 1),
        module=module,
        file=secret.file,
        line=secret.line,
        rule=secret.rule,
        fingerprint=secret.fingerprint,
    )


def _in_records(facts: ModuleFacts, path: str) -> Iterator[Finding]:
    for secret in facts.secrets:
        file = secret.file if path == "." else f"{path}/{secret.file}"
        made_up = _is_made_up(file)
        cls = FindingClass.SECRET_IN_TESTS if made_up else FindingClass.SECRET_ODOO
        yield found(
            cls,
            f"{file} line {secret.line}: {secret.model} {secret.xmlid} has its {secret.field} set:"
            " ••••",
            confidence=0.9,
            module=facts.name,
            file=file,
            line=secret.line,
            record=secret.xmlid,
            field=secret.field,
        )


def _is_made_up(file: str) -> bool:
    path = PurePosixPath(file)
    inside = any(part in _MADE_UP for part in path.parts[:-1])
    return inside or path.stem.startswith(("test_", "demo_")) or path.stem.endswith("_demo")


def _owner(file: str, owners: Mapping[str, str]) -> str | None:
    for parent in PurePosixPath(file).parents:
        if str(parent) in owners:
            return owners[str(parent)]
    return None
