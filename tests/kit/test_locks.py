import asyncio
import subprocess
import sys
from pathlib import Path

from ocore.kit.files import replace_file
from ocore.kit.locks import exclusive


async def test_only_one_is_inside_at_a_time(tmp_path: Path) -> None:
    inside = most = 0

    async def enter() -> None:
        nonlocal inside, most
        async with exclusive(tmp_path / "locks" / "a"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    await asyncio.gather(*(enter() for _ in range(5)))
    assert most == 1


async def test_a_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    code = (
        "import asyncio,sys,pathlib\nfrom ocore.kit.locks import exclusive\n"
        "async def main():\n"
        "    async with exclusive(pathlib.Path(sys.argv[1])):\n"
        "        print('held', flush=True)\n"
        "        await asyncio.sleep(1000)\n"
        "asyncio.run(main())"
    )
    lock = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        holder.stdout.readline()
        waiting = asyncio.create_task(_enter(lock))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        holder.kill()
        holder.wait()
    async with asyncio.timeout(10):
        await waiting


async def _enter(lock: Path) -> None:
    async with exclusive(lock):
        pass


def test_a_file_is_replaced_whole_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "a.conf"
    replace_file(file, "old")
    replace_file(file, "new")
    assert file.read_text() == "new"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.conf"]
