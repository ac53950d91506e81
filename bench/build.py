"""What a commit costs to build in Docker: one that changes code only, against a full build.

A full build makes every layer of a project on the base that all projects share: its Python
requirements are such as nobody has installed before. The third figure is the build of a commit
that was built already, which must make no build at all.
"""

import asyncio
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from ocore.artifacts import Image
from ocore.demo.repository import build_repository
from ocore.images import BuildOrder
from tests.docker import running_daemon
from tests.real_odoo import cache_folder
from tests.runtime.sites import docker_images

Builder = Callable[..., Awaitable[Image]]
AIM: Final = "ratio of at most 0.1, and no build for what was built before"
_ROUNDS: Final = 3


def run() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder) / "repository"))


async def _run(repository: Path) -> dict[str, object]:
    await build_repository(repository)
    full, code, found, steps = [], [], [], 0
    async with running_daemon() as daemon:
        yard = Yard(repository, docker_images(daemon.engine, cache_folder()).build)
        await yard.build(requirements=())  # makes the base, which is not what is measured
        for _ in range(_ROUNDS):
            # No two are alike to pip, and each means the same.
            nonce = f"iniconfig; python_version != '3.{secrets.randbelow(10**9) + 1000}'"
            full.append(await yard.build(requirements=(nonce,)))
            yard.change()
            code.append(await yard.build(requirements=(nonce,)))
            yard.lines.clear()
            found.append(await yard.build(requirements=(nonce,)))
            steps += sum(line.startswith("Step ") for line in yard.lines)
    return {
        "name": "build",
        "ratio": round(statistics.median(code) / statistics.median(full), 3),
        "aim": AIM,
        "full_s": round(statistics.median(full), 2),
        "code_only_s": round(statistics.median(code), 2),
        "built_before_s": round(statistics.median(found), 3),
        "builds_of_what_was_built_before": steps,
        "rounds": _ROUNDS,
        "cores": os.cpu_count(),
    }


class Yard:
    """One repository whose commits are built."""

    def __init__(self, repository: Path, builder: Builder) -> None:
        self._repository = repository
        self._builder = builder
        self._project = f"bench/p{secrets.token_hex(4)}"
        self._sha = secrets.token_hex(20)
        self.lines: list[str] = []

    def change(self) -> None:
        """Commit a change of code."""
        self._sha = secrets.token_hex(20)
        code = self._repository / "library_loans" / "models" / "library_loan.py"
        with code.open("a") as out:
            out.write(f"# {self._sha}\n")

    async def build(self, *, requirements: tuple[str, ...]) -> float:
        """Build what is there and return the seconds it took."""
        order = BuildOrder(
            repository_tag=self._project,
            commit_sha=self._sha,
            checkout=str(self._repository),
            modules=("library_loans",),
            odoo_version="19.0",
            provider="debian",
            source=None,
            python_dependencies=requirements,
        )
        began = time.monotonic()
        await self._builder(order, say=self.lines.append)
        return time.monotonic() - began
