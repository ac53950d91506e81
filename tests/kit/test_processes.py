import os
import subprocess
from dataclasses import replace

from ocore.kit.processes import command_line, gone, is_alive, process_key


def test_a_process_is_told_from_another_that_has_its_number() -> None:
    own = process_key(os.getpid())
    assert own is not None
    assert is_alive(own)
    assert not is_alive(replace(own, started=own.started + 1))


async def test_a_dead_process_that_nobody_has_waited_for_is_gone() -> None:
    process = subprocess.Popen(["sleep", "1000"])
    key = process_key(process.pid)
    assert key is not None
    assert not await gone(key, seconds=0.1)
    process.kill()
    assert await gone(key, seconds=10)
    process.wait()
    assert process_key(process.pid) is None
    assert command_line(process.pid) == ""
