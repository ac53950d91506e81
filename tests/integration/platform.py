"""A whole platform for tests: `ocore up` with a home of its own, spoken to over HTTP."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

from ocore.cli.client import ApiProblem, Client
from ocore.cli.credentials import Session
from ocore.cli.follow import address
from ocore.demo.odoo_rpc import OdooUser
from ocore.embedded.supervisor import Supervisor
from tests.ports import free_port

OCORE = Path(sys.executable).parent / "ocore"


@dataclass
class Platform:
    """One `ocore up`. `environment` adds settings to the defaults for tests."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    api_port: int = field(default_factory=free_port)
    proxy_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    token: str = ""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}/api"

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.proxy_port}"

    async def up(self) -> Self:
        """Start and sign in."""
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command("up"),
                env=self.variables(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        await self.answering()
        password = (self.home / "secrets" / "owner-password").read_text()
        async with Client(Session(api_url=self.api_url)) as client:
            body = {"email": "owner@example.com", "password": password}
            self.token = (await client.post("/auth/login", body))["accessToken"]
        return self

    async def answering(self) -> None:
        """Wait until the API answers; AssertionError with the end of the log when it does not."""
        for _ in range(600):
            if self.process is not None and self.process.poll() is not None:
                break
            try:
                async with Client(Session(api_url=self.api_url)) as client:
                    await client.get("/health")
                    return
            except ApiProblem:
                await asyncio.sleep(0.2)
        raise AssertionError((self.home / "up.log").read_text()[-4000:])

    async def silent(self) -> None:
        """Wait until the API of a platform that was killed is gone."""
        async with asyncio.timeout(60):
            while True:
                try:
                    async with Client(Session(api_url=self.api_url)) as client:
                        await client.get("/health")
                except ApiProblem:
                    return
                await asyncio.sleep(0.1)

    def down(self) -> None:
        """Stop as an operator does, and wait for the end."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
            self.process = None

    def kill(self) -> None:
        """Kill the process that holds it all together; what it ran ends because it is gone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def client(self) -> Client:
        return Client(Session(api_url=self.api_url, access_token=self.token))

    def command(self, name: str) -> list[str]:
        return [str(OCORE), name]

    def variables(self) -> dict[str, str]:
        return {
            **os.environ,
            "OCORE_HOME": str(self.home),
            "OCORE_API_PORT": str(self.api_port),
            "OCORE_PROXY_PORT": str(self.proxy_port),
            "OCORE_HEALTH_SECONDS": "40",
            **self.environment,
        }


@dataclass
class Site:
    """A project with one instance on a platform."""

    platform: Platform
    project_id: str
    instance: dict[str, Any]

    @classmethod
    async def make(
        cls, platform: Platform, repository: Path, name: str, **instance_body: object
    ) -> "Site":
        async with platform.client() as client:
            body = {"name": name, "repositoryUrl": str(repository)}
            project = await client.post("/projects", body)
            path = f"/projects/{project['id']}/instances"
            instance = await client.post(path, {"name": name, **instance_body})
        return cls(platform, project["id"], instance)

    async def retire(self) -> None:
        """End this instance's processes, so that later tests have the machine to themselves."""
        supervisor = Supervisor(self.platform.home / "run")
        for name in await supervisor.names(self.instance["database"]):
            await supervisor.remove(name)

    async def start(self, **ref: str) -> dict[str, Any]:
        """Ask for a deployment and return it as queued."""
        async with self.platform.client() as client:
            body = {**ref, "instanceId": self.instance["id"]}
            queued: dict[str, Any] = await client.post(f"/projects/{self.project_id}/deploy", body)
        return queued

    async def deploy(self, **ref: str) -> dict[str, Any]:
        """Deploy and return the deployment as it ended, or as it waits for somebody."""
        return await self.end_of(await self.start(**ref))

    async def roll_back(self, deployment_id: str) -> dict[str, Any]:
        return await self.end_of(await self.start_rollback(deployment_id))

    async def start_rollback(
        self, deployment_id: str, *, mode: str = "code_and_data"
    ) -> dict[str, Any]:
        async with self.platform.client() as client:
            path, body = f"/projects/{self.project_id}/rollback", {"deploymentId": deployment_id}
            queued: dict[str, Any] = await client.post(path, {**body, "mode": mode})
        return queued

    async def end_of(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        while True:
            current = await self.get(deployment)
            if current["completedAt"] or current["status"] == "blocked":
                return current
            await asyncio.sleep(0.2)

    async def when_over(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        """Return the deployment as it ended, although it waits for somebody on the way."""
        while True:
            current = await self.get(deployment)
            if current["completedAt"]:
                return current
            await asyncio.sleep(0.2)

    async def cancel(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        async with self.platform.client() as client:
            ended: dict[str, Any] = await client.post(f"{address(deployment)}/cancel", {})
        return ended

    async def get(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        async with self.platform.client() as client:
            current: dict[str, Any] = await client.get(address(deployment))
        return current

    async def deployments(self) -> list[dict[str, Any]]:
        """Return the deployments of the project, newest first."""
        async with self.platform.client() as client:
            page = await client.get(f"/projects/{self.project_id}/deployments", limit=100)
        return list(page["deployments"])

    async def log(self, deployment: Mapping[str, Any]) -> str:
        async with self.platform.client() as client:
            chunks = [part async for part in client.text(f"{address(deployment)}/logs/download")]
        return b"".join(chunks).decode()

    async def summary(self, deployment: Mapping[str, Any]) -> dict[str, Any]:
        async with self.platform.client() as client:
            found: dict[str, Any] = await client.get(f"{address(deployment)}/logs/summary")
        return found

    async def odoo(self) -> OdooUser:
        async with self.platform.client() as client:
            found = await client.get(f"/instances/{self.instance['id']}/credentials")
        return OdooUser(
            url=self.platform.proxy_url,
            host=self.instance["host"],
            database=found["database"],
            login=found["login"],
            password=found["password"],
        )

    async def answering(self) -> None:
        """Wait until its Odoo, which is being started, answers through the proxy."""
        odoo = await self.odoo()
        async with asyncio.timeout(60):
            while True:
                with suppress(aiohttp.ClientError):
                    await odoo.call("library.book", "search_count", [])
                    return
                await asyncio.sleep(0.5)
