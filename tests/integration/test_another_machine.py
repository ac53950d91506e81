"""The machine is gone. What is left is the store, the key and the repository: Odoo serves again."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ocore.demo.repository import DemoCommits
from tests.integration import whole
from tests.integration.conftest import new_home
from tests.integration.platform import Platform, Site
from tests.integration.test_crashes import another_worker
from tests.integration.test_the_main_job import lend, step
from tests.integration.whole import eventually
from tests.s3 import BUCKET, KEY_ID, SECRET, S3Server

pytestmark = [pytest.mark.odoo, pytest.mark.timeout(900)]

CONTENT = "what the contract says"


def store(s3: S3Server) -> dict[str, str]:
    return {
        "OCORE_OFFSITE_ENDPOINT": s3.endpoint,
        "OCORE_OFFSITE_ACCESS_KEY_ID": KEY_ID,
        "OCORE_OFFSITE_SECRET_ACCESS_KEY": SECRET,
    }


async def sent_off(site: Site, s3: S3Server, source: str) -> None:
    """Take a snapshot, and let a worker that knows the store send it."""
    async with site.platform.client() as client:
        taken = await client.post(f"/environments/{site.instance['id']}/snapshots", {})

    async def of_it() -> dict[str, Any]:
        return next(each for each in await whole.snapshots(site) if each["id"] == taken["id"])

    async def untested() -> bool:
        return bool((await of_it())["restoreTest"] != "passed")

    async def waiting() -> bool:
        return bool((await of_it())["offsite"] != "stored")

    await eventually(untested, seconds=300)
    carrier = await another_worker(
        replace(site.platform, environment={"OCORE_OFFSITE": source, **store(s3)})
    )
    try:
        await eventually(waiting, seconds=300)
    finally:
        carrier.terminate()
        await carrier.wait()


def restored(platform: Platform, s3: S3Server, source: str, key: Path, *options: str) -> str:
    """Run `ocore restore` on a platform's machine, and return what it says."""
    done = subprocess.run(
        [*platform.command("restore"), "--from", source, "--key-file", str(key), *options],
        env={**platform.variables(), **store(s3)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def test_an_instance_serves_on_another_machine_from_its_copy_off_site(
    site: Site, commits: DemoCommits, s3: S3Server, tmp_path: Path
) -> None:
    first = await site.deploy(commitSha=commits.second)
    assert first["status"] == "succeeded", await site.log(first)
    await lend(site, "Ada")
    odoo = await site.odoo()
    await odoo.call("ir.attachment", "create", [{"name": "kept", "raw": CONTENT}])
    source = f"s3://{BUCKET}/{tmp_path.name}"
    await sent_off(site, s3, source)
    key = tmp_path / "offsite-key"
    key.write_text((site.platform.home / "secrets" / "offsite-key").read_text())

    with new_home(f"{tmp_path.name}-2") as home:
        platform = await Platform(home).up()
        try:
            again = await Site.make(platform, tmp_path / "repository", "again")
            # By then the worker may have sent what other instances have.
            whose = ["--instance", site.instance["id"], "--for", again.instance["id"]]
            told = restored(platform, s3, source, key, *whose)
            assert commits.second in told
            live = await again.deploy(commitSha=commits.second)
            assert live["status"] == "succeeded", await again.log(live)
            assert step(live, "Update modules")["status"] == "skipped"
            # People know their passwords; those of the new platform were never theirs.
            assert (await again.odoo()).password is None
            known = (await site.odoo()).password
            there = replace(await again.odoo(), password=known)
            loans = await there.call("library.loan", "search_read", [], fields=["borrower"])
            assert [loan["borrower"] for loan in loans] == ["Ada"]
            kept = [("name", "=", "kept")]
            files = await there.call("ir.attachment", "search_read", kept, fields=["raw"])
            assert [each["raw"] for each in files] == [CONTENT]
            await there.call("library.loan", "unlink", [loan["id"] for loan in loans])
        finally:
            platform.down()
