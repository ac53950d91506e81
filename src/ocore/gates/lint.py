"""pylint-odoo, run as a program of its own: it is AGPL, and untrusted code is its input.

Only checks that show at run time are asked for. Most files cannot break any of them, because a
word that the check is about does not occur; pylint takes 20 ms a file, so these are passed by.
"""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ocore.kit import shell
from ocore.kit.privileges import OsUser, as_user
from ocore.odoo.facts.files import source_files

REQUIREMENT: Final = "pylint-odoo==10.0.12"

CHECKS: Final[dict[str, str]] = {
    "sql-injection": "high",
    "deprecated-name-get": "medium",
    "deprecated-inselect-operator": "medium",
    "invalid-commit": "medium",
    "no-write-in-compute": "low",
    "external-request-timeout": "low",
    "no-raise-unlink": "low",
}
"""The checks that are asked for, with the severity of what they report."""

_NEEDED: Final[tuple[tuple[re.Pattern[bytes], ...], ...]] = (
    (re.compile(rb"execute"),),
    (re.compile(rb"name_get|inselect"),),
    (re.compile(rb"\.commit\("),),
    (re.compile(rb"compute"), re.compile(rb"\.write\(")),
    (
        re.compile(
            rb"requests|urllib|urlopen|http|smtplib|odoo_?rpc|suds|zeep|ftplib|telnetlib"
            rb"|serial|ldap|jsonrpc|socket"
        ),
        re.compile(rb"\bimport\b"),
    ),
    (re.compile(rb"def unlink"), re.compile(rb"\braise\b")),
)
_BATCH: Final = 2000


class LintMessage(msgspec.Struct, frozen=True, array_like=True):
    """One complaint. `file` is relative to its module."""

    symbol: str
    file: str
    line: int
    text: str


class _Printed(msgspec.Struct, frozen=True):
    symbol: str
    path: str
    line: int
    message: str


def could_complain(source: bytes) -> bool:
    """Say whether one of the checks could find something in this file."""
    return any(all(word.search(source) for word in words) for words in _NEEDED)


def lint_command(python: Path, files: Sequence[str], *, jobs: int, rc_file: str) -> list[str]:
    """Return the command; no configuration of the repository is read."""
    options = ["--rcfile", rc_file, "--disable=all", f"--enable={','.join(CHECKS)}"]
    shape = ["--output-format=json", f"--jobs={jobs}", "--score=n", "--exit-zero"]
    return [
        str(python),
        "-I",
        "-m",
        "pylint",
        "--load-plugins=pylint_odoo",
        *options,
        *shape,
        *files,
    ]


async def lint(
    modules: Mapping[str, Path], python: Path, *, jobs: int, user: OsUser | None
) -> dict[str, list[LintMessage]]:
    """Return what pylint-odoo says of the modules. CommandFailed when it could not run."""
    chosen = [
        str(path)
        for module in modules.values()
        for path in source_files(module)
        if path.suffix == ".py" and could_complain(path.read_bytes())
    ]
    found: dict[str, list[LintMessage]] = defaultdict(list)
    for batch in _batches(chosen):
        # pylint finds settings beside the files and in the working directory: neither is ours.
        with tempfile.TemporaryDirectory() as folder:
            command = lint_command(python, batch, jobs=jobs, rc_file="/dev/null")
            Path(folder).chmod(0o777)
            env = {"HOME": folder, "PYLINTHOME": folder, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
            printed = await shell.run(as_user(command, user), env=env, cwd=folder)
        for name, message in _assigned(printed, modules):
            found[name].append(message)
    return found


def _batches(files: Sequence[str]) -> Iterable[Sequence[str]]:
    for start in range(0, len(files), _BATCH):
        yield files[start : start + _BATCH]


def _assigned(printed: str, modules: Mapping[str, Path]) -> Iterator[tuple[str, LintMessage]]:
    """Yield each message with the module it is about."""
    roots = {str(path): name for name, path in modules.items()}
    for each in msgspec.json.decode(printed or "[]", type=list[_Printed]):
        if each.symbol not in CHECKS:
            continue
        for parent in Path(each.path).parents:
            name = roots.get(str(parent))
            if name is not None:
                file = Path(each.path).relative_to(parent).as_posix()
                text = each.message.partition(" - More info")[0].partition(" More info")[0]
                yield name, LintMessage(each.symbol, file, each.line, text)
                break
