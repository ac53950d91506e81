"""The API against its own description, by schemathesis."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ocore.deployments.model import Status
from ocore.kit import clock, ids
from ocore.storage.ledger import PostgresLedger
from tests.api.parts import Api
from tests.api.worker import empty_world, queue, work_off
from tests.storage.records import ending

SCHEMATHESIS = Path(sys.executable).parent / "schemathesis"
BEYOND_SCHEMAS = (
    "projects",
    "projects/{projectId}/instances",
    "projects/{projectId}/deploy",
    "projects/{projectId}/rollback",
    "environments/{environmentId}/rollback",
    "environments/{environmentId}/snapshots",
    "environments/{environmentId}/snapshots/settings",
    "environments/{environmentId}/snapshots/{snapshotId}",
    "environments/{environmentId}/snapshots/{snapshotId}/pin",
    "projects/{projectId}/plan",
    "projects/{projectId}/deployments/{deploymentId}/waivers",
    "projects/{projectId}/waivers/{waiverId}",
    "instances/{instanceId}/auto-deploy",
    "instances/{instanceId}/auto-deploy/resume",
)
"""Where a well-formed question may still contradict itself, or name what no schema can describe."""
RULES = "".join(
    f"""
[[operations]]
include-path = "/api/{path}"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "404", "409", "422"]
"""
    for path in BEYOND_SCHEMAS
)
PROVEN = """
[[operations]]
include-path = "/api/webhooks/git/{projectId}"
checks.positive_data_acceptance.expected-statuses = ["401", "429"]
"""
"""No description holds the secret that opens this door."""


@asynccontextmanager
async def worker(api: Api) -> AsyncIterator[None]:
    """End whatever is asked for, or the stream of a deployment that waits would never end."""

    async def work() -> None:
        ledger = PostgresLedger(api.pool, clock.now, lease_seconds=30.0)
        while True:
            lease = await ledger.claim("tests")
            if lease is None:
                await asyncio.sleep(0.05)
            else:
                await ledger.close(lease, ending(Status.FAILED))

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def configuration(api: Api, *, real: bool) -> str:
    deployment = await work_off(api, empty_world()) if real else ids.uuid7()
    project = api.acme.project.id if real else ids.uuid7()
    instance = api.acme.instance.id if real else ids.uuid7()
    return f"""\
[parameters]
"path.projectId" = "{project}"
"path.deploymentId" = "{deployment}"
"path.instanceId" = "{instance}"
"path.environmentId" = "{instance}"
"path.snapshotId" = "{deployment}"
"path.waiverId" = "{deployment}"
"query.instanceId" = "{instance}"
# With ids that name nothing, a project that was just made still has no such deployment.
[checks.ensure_resource_availability]
enabled = {str(real).lower()}
{RULES}{PROVEN}"""


@pytest.mark.parametrize("real", [True, False], ids=["what is there", "what is not"])
async def test_every_answer_is_as_described(api: Api, tmp_path: Path, *, real: bool) -> None:
    if real:
        await queue(api)
    settings = tmp_path / "schemathesis.toml"
    settings.write_text(await configuration(api, real=real))
    async with worker(api):
        process = await asyncio.create_subprocess_exec(
            SCHEMATHESIS,
            f"--config-file={settings}",
            "run",
            f"{api.url}/api/openapi.json",
            f"--header=Authorization: {api.bearer()['Authorization']}",
            "--max-examples=10",
            "--seed=1",
            "--generation-deterministic",
            "--request-timeout=20",
            "--no-color",
            "--continue-on-failure",
            # The framework's own answer to OPTIONS knows one method of a path with two handlers.
            # And a path may name a project just made and a deployment that is not there.
            "--exclude-checks=allow_header_conformance,ensure_resource_availability",
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
