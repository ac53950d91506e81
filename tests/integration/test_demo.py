"""The first thing that a newcomer does."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from tests.integration.platform import OCORE, Platform

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(600)]


async def test_the_demo_tells_its_story_to_the_end(platform: Platform, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    demo = await asyncio.create_subprocess_exec(
        str(OCORE),
        "demo",
        f"--report={report}",
        env=platform.variables(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await demo.communicate()
    assert demo.returncode == 0, said.decode()[-4000:]
    told = msgspec.json.decode(report.read_bytes())["deployments"]
    assert [each["status"] for each in told] == [
        "succeeded",
        "succeeded",
        "rolled_back",
        "succeeded",
    ]
    assert [each["badAnswers"] or 0 for each in told] == [0, 0, 0, 0]
