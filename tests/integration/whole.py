"""A look at all there is of one instance, and ways to hurt the platform that looks after it."""

import asyncio
import base64
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psycopg

from ocore.cli.follow import address
from ocore.demo.odoo_rpc import OdooRefused
from ocore.embedded.home import Home
from ocore.embedded.postgres import Cluster
from ocore.embedded.states import State
from ocore.embedded.supervisor import Supervisor
from ocore.kit.processes import command_line
from ocore.snapshots.naming import is_aside, is_copy, snapshot_database
from tests.integration.platform import Platform, Site

PAGE = "library_loans/static/src/mark.txt"
"""What a commit has to say of itself: Odoo serves it, and no update is needed to change it."""


@dataclass(frozen=True)
class Crash:
    """Who is killed, and when: so long after the n-th step of a deployment began."""

    victim: str
    step: int
    after: float


def assert_recorded(deployment: dict[str, Any], *, cause: str = "") -> None:
    """Assert that what is written of a deployment tells its whole story, and names the cause."""
    told = {each["name"]: each for each in deployment["steps"]}
    assert {each["status"] for each in told.values()} <= {"succeeded", "skipped", "failed"}, told
    done = [each for each in told.values() if each["status"] != "skipped"]
    assert all(each["startedAt"] and each["completedAt"] and each["version"] for each in done), done
    failed = [each["name"] for each in done if each["status"] == "failed"]
    assert deployment["startedAt"] <= deployment["completedAt"]
    if deployment["status"] == "succeeded":
        assert (failed, deployment["errorMessage"]) == ([], None)
        return
    reason = deployment["errorMessage"]
    assert reason.startswith(f"{failed[0]}: "), (failed, reason)
    assert cause in reason, reason
    assert deployment["successVerdict"]["reason"] == reason
    undone = told.get("Roll back", {}).get("status") == "succeeded"
    assert undone == (deployment["status"] == "rolled_back"), told


async def struck(site: Site, deployment: dict[str, Any], crash: Crash) -> None:
    """Kill the victim at its moment; nobody where the deployment ends before."""
    begun = 0
    async with (
        site.platform.client() as client,
        aclosing(client.events(f"{address(deployment)}/logs")) as events,
    ):
        async for event in events:
            if event.kind == "complete":
                return
            begun += event.data.get("status") == "running"
            if begun >= crash.step:
                break
    await asyncio.sleep(crash.after)
    state = await Supervisor(site.platform.home / "run").state(crash.victim)
    if state is not None and state.pid is not None:
        os.kill(state.pid, signal.SIGKILL)


async def eventually(holds: Callable[[], Awaitable[object]], *, seconds: float = 60) -> None:
    """Wait until there is nothing that speaks against it; AssertionError with what does."""
    wrong: object = None
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while wrong := await holds():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.2)
            return
    raise AssertionError(wrong)


async def served_mark(site: Site) -> int:
    """Return which commit Odoo serves."""
    async with (
        aiohttp.ClientSession(headers={"Host": site.instance["host"]}) as http,
        http.get(f"{site.platform.proxy_url}/{PAGE}") as answer,
    ):
        assert answer.status == 200, await answer.text()
        return int(await answer.text())


async def rows(site: Site) -> tuple[str, ...]:
    odoo = await site.odoo()
    found = await odoo.call("library.loan", "search_read", [], fields=["borrower"], order="id")
    return tuple(loan["borrower"] for loan in found)


async def files(site: Site) -> dict[str, bytes]:
    """Return what Odoo gives out for each attachment of the tests."""
    odoo = await site.odoo()
    found = await odoo.call(
        "ir.attachment", "search_read", [("name", "=like", "kept %")], fields=["name", "datas"]
    )
    return {each["name"]: base64.b64decode(each["datas"] or "") for each in found}


@dataclass
class Written:
    """What somebody wrote while a deployment ran: all tries, and those that Odoo said it did."""

    tried: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@asynccontextmanager
async def writing(site: Site, name: str) -> AsyncIterator[Written]:
    """Let somebody lend books without a pause, until the context ends."""
    written, over = Written(), asyncio.Event()
    odoo = await site.odoo()
    books = await odoo.call("library.book", "search", [], limit=1)

    async def write() -> None:
        while not over.is_set():
            borrower = f"{name}.{len(written.tried)}"
            written.tried.append(borrower)
            with suppress(aiohttp.ClientError, OdooRefused, TimeoutError):
                loan = {"book_id": books[0], "borrower": borrower}
                await odoo.call("library.loan", "create", [loan])
                written.told.append(borrower)

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        try:
            yield written
        finally:
            over.set()


async def collect_garbage(site: Site) -> None:
    """Let Odoo delete the files that no attachment is in any more, as it does every day."""
    odoo = await site.odoo()
    found = await odoo.call("ir.cron", "search", [("model_id.model", "=", "ir.autovacuum")])
    await odoo.call("ir.cron", "method_direct_trigger", found)


def databases(platform: Platform, site: Site) -> dict[str, tuple[bool, int]]:
    """Return the databases of an instance by name, and how many may connect to each."""
    name = site.instance["database"]
    server = Cluster(Home(platform.home), None).server()
    with psycopg.connect(server.conninfo("postgres")) as connection:
        found = connection.execute(
            "SELECT datname, datallowconn, datconnlimit FROM pg_database"
            " WHERE datname = %s OR starts_with(datname, %s || '__')",
            [name, name],
        ).fetchall()
    return {row[0]: (row[1], row[2]) for row in found}


async def snapshots(site: Site) -> list[dict[str, Any]]:
    async with site.platform.client() as client:
        where = f"/environments/{site.instance['id']}/snapshots"
        return list((await client.get(where, limit=100))["snapshots"])


async def unproven_snapshots(site: Site) -> list[str]:
    """Return what is still to be restored for a test; AssertionError where that failed."""
    found = [each for each in await snapshots(site) if each["status"] == "available"]
    assert not [each for each in found if each["restoreTest"] == "failed"]
    return [each["id"] for each in found if each["restoreTest"] != "passed"]


async def unknown_copies(platform: Platform, site: Site) -> list[str]:
    """Return the databases and folders that no snapshot on record accounts for."""
    name = site.instance["database"]
    known = [each["id"] for each in await snapshots(site) if each["status"] == "available"]
    accounted = {snapshot_database(name, each) for each in known}
    copies = [each for each in databases(platform, site) if is_copy(name, each)]
    ours = {each["id"] for each in await site.deployments()}
    folders = [each.name for each in (platform.home / "snapshots").iterdir()]
    return [
        *(each for each in copies if each not in accounted),
        *(each for each in folders if each[:36] in ours and each not in known),
    ]


async def wrong_databases(platform: Platform, site: Site) -> list[str]:
    """Return what is wrong with the databases: one is the instance's, all others are told apart."""
    name = site.instance["database"]
    found = databases(platform, site)
    wrong = [] if found.pop(name, None) == (True, -1) else [f"{name} lets not everybody in"]
    strange = [each for each in found if not is_copy(name, each) and not is_aside(name, each)]
    return [*wrong, *strange]


async def wrong_processes(platform: Platform, site: Site, colour: str) -> list[str]:
    """Return what is wrong with the processes: the live colour, its crons, and nothing else."""
    database = site.instance["database"]
    supervisor = Supervisor(platform.home / "run")
    ours, wrong = set[int](), list[str]()
    names = await supervisor.names(f"{database}-")
    if set(names) != {f"{database}-{colour}", f"{database}-cron"}:
        wrong.append(f"asked for are {names}, and {colour} is live")
    for name in names:
        state = await supervisor.state(name)
        if state is None or state.state is not State.RUNNING or state.pid is None:
            wrong.append(f"{name} is {state}")
        else:
            ours.add(state.pid)
    strays = [pid for pid in _running(platform, database) if not ours & set(_line_of(pid))]
    return [*wrong, *(command_line(pid).replace("\0", " ") for pid in strays)]


def _running(platform: Platform, database: str) -> list[int]:
    folder = str(Home(platform.home).instances / database)
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [pid for pid in pids if folder in command_line(pid)]


def _line_of(pid: int) -> list[int]:
    """Return a process and its parents."""
    line = []
    while pid > 1:
        line.append(pid)
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            break
        pid = int(stat.rpartition(")")[2].split()[1])
    return line
