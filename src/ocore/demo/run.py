"""Runs the demo: brings a platform up, tells the story on it, writes the report."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console

from ocore.cli.client import ApiProblem, Client
from ocore.cli.credentials import Session
from ocore.demo.odoo_rpc import OdooUser
from ocore.demo.report import chapter_report, print_timeline
from ocore.demo.repository import build_repository
from ocore.demo.story import DemoFailed, Stage, tell
from ocore.embedded.settings import Settings
from ocore.kit import shell
from ocore.kit.processes import ProcessKey, gone, is_alive

_START_SECONDS: Final = 180
_STOP_SECONDS: Final = 60.0
_NAME: Final = "Library demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What one run of the demo works with."""

    settings: Settings
    report: Path
    console: Console


async def run_demo(demo: Demo, *, environment: Mapping[str, str]) -> None:
    """Run the demo on a platform of its own and stop that; what was made stays cached."""
    started = await start_platform(demo, environment=environment)
    try:
        await play(demo)
    finally:
        if started is not None:
            await stop_platform(demo, started)


async def run_demo_and_keep(demo: Demo, *, environment: Mapping[str, str]) -> None:
    """Run the demo and leave the platform running, with a valid token in the report."""
    await start_platform(demo, environment=environment)
    await play(demo)
    home = demo.settings.home
    demo.console.print(
        f"The platform stays up. Stop it with: kill $(cat {home.run / 'ocore.pid'})",
        highlight=False,
        soft_wrap=True,
    )


async def start_platform(demo: Demo, *, environment: Mapping[str, str]) -> ProcessKey | None:
    """Start `ocore up` in the background and return it; None when one runs already."""
    if await _answers(demo.settings):
        demo.console.print("Using the platform that runs already")
        return None
    home = demo.settings.home
    home.log.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ocore", "up"]
    env = {**environment, "OCORE_HOME": str(home.root)}
    log = home.log / "up.log"
    started = shell.start_detached(argv, log=log, env=env)
    with demo.console.status("Starting the platform"):
        for _ in range(_START_SECONDS * 5):
            if await _answers(demo.settings):
                return started
            if not is_alive(started):
                break
            await asyncio.sleep(0.2)
    raise DemoFailed(f"the platform did not start; the end of {log}:\n{_tail(log)}")


async def stop_platform(demo: Demo, started: ProcessKey) -> None:
    """Stop the platform as an operator does, and wait for its end."""
    with demo.console.status("Stopping the platform"):
        os.kill(started.pid, signal.SIGTERM)
        if not await gone(started, seconds=_STOP_SECONDS):
            raise DemoFailed(f"the platform (pid {started.pid}) did not stop")


async def play(demo: Demo) -> None:
    """Tell the story on the running platform; the report is written however it ends."""
    home, api_url = demo.settings.home, demo.settings.api_url
    commits = await build_repository(home.root / "demo" / "repository")
    token = await _sign_in(demo.settings)
    async with Client(Session(api_url=api_url, access_token=token)) as client:
        stage = await _set_stage(demo, client)
        try:
            await tell(stage, commits)
        finally:
            _write_report(demo, stage, token)
    print_timeline(stage.chapters, demo.console)
    demo.console.print(f"Odoo:   {_instance_url(demo.settings, stage.instance)}")
    demo.console.print(f"API:    {api_url}")
    demo.console.print(f"Report: {demo.report}", soft_wrap=True)


async def _set_stage(demo: Demo, client: Client) -> Stage:
    project = await _project(client, demo.settings)
    instance = await _instance(client, project["id"])
    access = await client.get(f"/instances/{instance['id']}/credentials")
    proxy_url = f"http://{demo.settings.listen}:{demo.settings.proxy_port}"
    return Stage(
        client=client,
        console=demo.console,
        project_id=project["id"],
        instance=instance,
        proxy_url=proxy_url,
        odoo=OdooUser(
            url=proxy_url,
            host=instance["host"],
            database=access["database"],
            login=access["login"],
            password=access["password"],
        ),
    )


async def _project(client: Client, settings: Settings) -> Any:
    for project in (await client.get("/projects"))["projects"]:
        if project["name"] == _NAME:
            return project
    repository = settings.home.root / "demo" / "repository"
    body = {"name": _NAME, "repositoryUrl": str(repository)}
    return await client.post("/projects", body)


async def _instance(client: Client, project_id: str) -> Any:
    path = f"/projects/{project_id}/instances"
    instances = (await client.get(path))["instances"]
    return instances[0] if instances else await client.post(path, {"name": "library"})


async def _sign_in(settings: Settings) -> str:
    password = settings.owner_password or _read(settings.home.secrets / "owner-password")
    async with Client(Session(api_url=settings.api_url)) as client:
        body = {"email": settings.owner_email, "password": password}
        token: str = (await client.post("/auth/login", body))["accessToken"]
    return token


async def _answers(settings: Settings) -> bool:
    try:
        async with Client(Session(api_url=settings.api_url)) as client:
            await client.get("/health")
    except ApiProblem:
        return False
    return True


def _write_report(demo: Demo, stage: Stage, token: str) -> None:
    chapters = [chapter_report(chapter) for chapter in stage.chapters]
    report = {
        "apiUrl": demo.settings.api_url,
        "token": token,
        "url": _instance_url(demo.settings, stage.instance),
        "projectId": stage.project_id,
        "instanceId": stage.instance["id"],
        "deploymentIds": [chapter["deploymentId"] for chapter in chapters],
        "deployments": chapters,
    }
    descriptor = os.open(demo.report, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def _instance_url(settings: Settings, instance: Mapping[str, Any]) -> str:
    return f"http://{instance['host']}:{settings.proxy_port}"


def _read(file: Path) -> str:
    return file.read_text().strip()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text().splitlines()[-30:])
