"""MB/s of the log summary, against `grep -c ' WARNING '` over the same file.

The file repeats what a real Odoo 19 wrote while it installed, updated, warned and failed.
"""

import itertools
import subprocess
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import Final

from ocore.odoo.logs import LogSummary, Summariser, step_marker

AIM: Final = "mb_per_s of at least 50 on one core"
_MEGABYTES: Final = 128
_CHUNK: Final = 1 << 16
_ROUNDS: Final = 3
_LOGS: Final = Path(__file__).parent.parent / "tests" / "odoo" / "logs"
# One failed update among ten that went well.
_STORY: Final = (*["install_base"] * 5, *["update_good"] * 4, "required_on_nulls", "login_500")


def run() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "deployment.log")
        megabytes = _write(log) / 1e6
        grep, summary = [], []
        for _ in range(_ROUNDS):
            grep.append(_seconds_of_grep(log))
            summary.append(_seconds_of_summary(log))
        peak = _peak_memory(log)
    mb_per_s, grep_mb_per_s = megabytes / min(summary), megabytes / min(grep)
    return {
        "name": "log-summary",
        "ratio": round(mb_per_s / grep_mb_per_s, 3),
        "aim": AIM,
        "mb_per_s": round(mb_per_s, 1),
        "grep_mb_per_s": round(grep_mb_per_s, 1),
        "peak_memory_mb": round(peak / 1e6, 2),
        "log_mb": round(megabytes, 1),
    }


def _write(log: Path) -> int:
    """Write the log with ids that differ from run to run, as they would."""
    texts = {name: (_LOGS / f"{name}.log").read_text() for name in set(_STORY)}
    written = 0
    with log.open("w") as file:
        file.write(f"{step_marker('Update modules')}\n")
        for number, name in enumerate(itertools.cycle(_STORY)):
            written += file.write(texts[name].replace("library_loan", f"library_loan_{number}"))
            if written >= _MEGABYTES * 1_000_000:
                break
    return log.stat().st_size


def _seconds_of_grep(log: Path) -> float:
    begun = time.perf_counter()
    # A pipe: grep stops at the first match when its output goes to /dev/null.
    subprocess.run(["grep", "-c", " WARNING ", str(log)], check=True, stdout=subprocess.PIPE)
    return time.perf_counter() - begun


def _seconds_of_summary(log: Path) -> float:
    begun = time.process_time()
    found = _summarise(log)
    seconds = time.process_time() - begun
    assert found.warning_count, "the log has warnings"
    return seconds


def _summarise(log: Path) -> LogSummary:
    summariser = Summariser()
    with log.open("rb") as file:
        while chunk := file.read(_CHUNK):
            summariser.feed(chunk)
    return summariser.finish(success=True)


def _peak_memory(log: Path) -> int:
    tracemalloc.start()
    _summarise(log)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak
