"""MB/s and peak memory of the log summary, beside the parsers of Odoo logs on PyPI.

The log repeats what a real Odoo 19 wrote while it installed, updated, warned and failed. Each
program runs alone, in a process of its own, on the same bytes, and does what it can: ours makes
the whole summary, `checklog-odoo` lists the records above INFO, the two others look for tests.
They read all of a file into memory or keep it as text, so that they get its first part.

    SIZE=1000 make bench NAME=log-summary      1 GB instead of 128 MB
"""

import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uv

from ocore.odoo.logs import LogSummary, Summariser, step_marker

AIM: Final = "ratio to the fastest of at least 10; mb_per_s of at least 50; memory flat"
_MEGABYTES: Final = int(os.environ.get("SIZE", "128"))
_RIVAL_MEGABYTES: Final = min(_MEGABYTES, 32)
_CHUNK: Final = 1 << 16
_ROUNDS: Final = 3
_ROOT: Final = Path(__file__).parent.parent
_LOGS: Final = _ROOT / "tests" / "odoo" / "logs"
_VENVS: Final = _ROOT / ".cache" / "bench"
# One failed update among ten that went well.
_STORY: Final = (*["install_base"] * 5, *["update_good"] * 4, "required_on_nulls", "login_500")
_DIGEST: Final = """
import importlib.util, sys, types
# The package of jerproodoologparser imports a module it was published without.
spec = importlib.util.find_spec("odoo_log_parser")
package = sys.modules["odoo_log_parser"] = types.ModuleType("odoo_log_parser")
package.__path__ = spec.submodule_search_locations
from odoo_log_parser.odoo_test_digest import OdooTestDigest
with open(sys.argv[1]) as log:
    print(len(OdooTestDigest(log).get_full_test_digest()))
"""
RIVALS: Final = {
    "checklog-odoo": ["bin/checklog-odoo"],
    "jerproodoologparser": ["bin/python", "-c", _DIGEST],
    "odoologparser": ["bin/python", "-c", _DIGEST],
}


@dataclass(frozen=True)
class Cost:
    """What one run took of the machine."""

    cpu_seconds: float
    peak_mb: float


def run() -> dict[str, object]:
    venvs = {name: _venv(name) for name in RIVALS}
    with tempfile.TemporaryDirectory() as folder:
        log, part = Path(folder, "deployment.log"), Path(folder, "part.log")
        _write(log, _MEGABYTES)
        _write(part, _RIVAL_MEGABYTES)
        ours: list[Cost] = []
        theirs: dict[str, list[Cost]] = {name: [] for name in RIVALS}
        for _ in range(_ROUNDS):
            ours.append(_cost([sys.executable, "-m", "bench.log_summary", str(log)]))
            for name, (program, *arguments) in RIVALS.items():
                argv = [str(venvs[name] / program), *arguments, str(part)]
                theirs[name].append(_cost(argv, good=(0, 1)))
        short = _cost([sys.executable, "-m", "bench.log_summary", str(part)])
        sizes = log.stat().st_size / 1e6, part.stat().st_size / 1e6
    mb_per_s = sizes[0] / _least(ours)
    rivals = {name: round(sizes[1] / _least(costs), 1) for name, costs in theirs.items()}
    return {
        "name": "log-summary",
        "ratio": round(mb_per_s / max(rivals.values()), 1),
        "aim": AIM,
        "mb_per_s": round(mb_per_s, 1),
        "log_mb": round(sizes[0], 1),
        "peak_mb": round(max(cost.peak_mb for cost in ours), 1),
        "peak_mb_of_short_log": round(short.peak_mb, 1),
        "rivals_mb_per_s": rivals,
        "rivals_peak_mb": {
            name: round(max(cost.peak_mb for cost in costs), 1) for name, costs in theirs.items()
        },
        "rivals_log_mb": round(sizes[1], 1),
    }


def _venv(name: str) -> Path:
    """Return an environment with nothing but this package in it: two have modules of one name."""
    folder = _VENVS / name
    if not (folder / "done").exists():
        program = uv.find_uv_bin()
        subprocess.run([program, "venv", "-q", "--allow-existing", str(folder)], check=True)
        python = ["--python", str(folder / "bin" / "python")]
        subprocess.run([program, "pip", "install", "-q", *python, name], check=True)
        (folder / "done").touch()
    return folder


def _write(log: Path, megabytes: int) -> None:
    """Write the log with ids that differ from run to run, as they would."""
    texts = {name: (_LOGS / f"{name}.log").read_text() for name in set(_STORY)}
    written = 0
    with log.open("w") as file:
        file.write(f"{step_marker('Update modules')}\n")
        for number, name in enumerate(itertools.cycle(_STORY)):
            written += file.write(texts[name].replace("library_loan", f"library_loan_{number}"))
            if written >= megabytes * 1_000_000:
                break


def _cost(argv: Sequence[str], *, good: tuple[int, ...] = (0,)) -> Cost:
    process = subprocess.Popen(list(argv), stdout=subprocess.DEVNULL, cwd=_ROOT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in good:
        raise RuntimeError(f"{argv[0]} exited with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _least(costs: Sequence[Cost]) -> float:
    return min(cost.cpu_seconds for cost in costs)


def summarise(log: Path) -> LogSummary:
    summariser = Summariser()
    with log.open("rb") as file:
        while chunk := file.read(_CHUNK):
            summariser.feed(chunk)
    return summariser.finish(success=True)


if __name__ == "__main__":
    assert summarise(Path(sys.argv[1])).warning_count, "the log has warnings"
