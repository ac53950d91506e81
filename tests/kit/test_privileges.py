import os
import subprocess
import time
from pathlib import Path

from ocore.kit.privileges import as_user, under
from ocore.kit.processes import process_key


def test_a_program_is_not_run_under_a_parent_it_was_not_meant_for() -> None:
    assert subprocess.run(as_user(under("1", ["true"]), None), check=False).returncode == 111
    assert subprocess.run(under(str(os.getpid()), ["true"]), check=False).returncode == 0


def test_a_program_keeps_its_arguments_behind_the_guard() -> None:
    words = ["printf", "%s|", "a b", "$HOME", "'", '"', ""]
    told = subprocess.run(under(str(os.getpid()), words), capture_output=True, check=True)
    assert told.stdout.decode() == "a b|$HOME|'|\"||"


def test_a_program_dies_with_its_parent(tmp_path: Path) -> None:
    child = " ".join(as_user(["sh", "-c", f"'echo $$ > {tmp_path}/pid; exec sleep 1000'"], None))
    parent = subprocess.Popen(["sh", "-c", f"{child} & wait"])
    file = tmp_path / "pid"
    while not (file.exists() and file.read_text().endswith("\n")):
        time.sleep(0.02)
    pid = int(file.read_text())
    parent.kill()
    parent.wait()
    for _ in range(200):
        if process_key(pid) is None:
            return
        time.sleep(0.05)
    raise AssertionError("it outlived its parent")
