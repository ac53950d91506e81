import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from ocore.api.summaries import Summaries
from ocore.deployments.model import Status, Step
from ocore.transcripts import Chunk, Transcripts
from tests.api.parts import Answer, Api
from tests.api.worker import ODOO_LOG, Hand, queue, take


async def updating(api: Api) -> Hand:
    """Return a deployment in the middle of its update."""
    await queue(api)
    hand = await take(api)
    await hand.begin(Step.FETCH)
    await hand.say("Fetching /srv/library", "é")
    await hand.finish(Step.FETCH)
    await hand.begin(Step.UPDATE)
    await hand.say(*ODOO_LOG.splitlines())
    return hand


async def download(api: Api, hand: Hand) -> Answer:
    return await api.get(f"{hand.path}/logs/download")


async def summary(api: Api, hand: Hand) -> Any:
    return (await api.get(f"{hand.path}/logs/summary")).json


async def test_the_download_says_whose_log_it_is(api: Api) -> None:
    hand = await updating(api)
    await hand.end()
    answer = await download(api, hand)
    view = (await api.get(hand.path)).json
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    name = f'attachment; filename="deployment-{view["id"]}.log"'
    assert answer.headers["Content-Disposition"] == name
    header, _, log = answer.body.decode().partition("\n\n")
    facts = dict(line.removeprefix("# ").split(": ", 1) for line in header.split("\n"))
    assert facts == {
        "oCore deployment": view["id"],
        "project": api.acme.project.id,
        "instance": api.acme.instance.id,
        "trigger": "api",
        "branch": "main",
        "commit": "unknown",
        "image": "unknown",
        "status": "failed",
        "created": view["createdAt"],
        "started": view["startedAt"],
        "completed": view["completedAt"],
    }
    assert log.startswith(
        "=== Fetch source ===\nFetching /srv/library\né\n=== Update modules ===\n"
    )


async def test_line_numbers_of_the_summary_point_into_the_download(api: Api) -> None:
    hand = await updating(api)
    await hand.end(Status.SUCCEEDED)
    lines = (await download(api, hand)).body.decode().splitlines()
    sections = {each["name"]: each for each in (await summary(api, hand))["sections"]}
    for each in sections.values():
        assert each["lineCount"] == each["endLine"] - each["startLine"] + 1
    fetch, update = sections["Fetch source"], sections["Update modules"]
    assert lines[fetch["startLine"] - 1] == "=== Fetch source ==="
    assert lines[fetch["endLine"] - 1] == "é"
    assert lines[update["startLine"] - 1] == "=== Update modules ==="
    assert update["endLine"] == len(lines)
    films = next(each for name, each in sections.items() if "films" in name)
    assert "Loading module films" in lines[films["startLine"] - 1]


async def test_the_summary_says_what_the_log_says(api: Api) -> None:
    hand = await updating(api)
    await hand.end(Status.SUCCEEDED)
    found = await summary(api, hand)
    assert found["success"] is True
    assert found["durationMs"] == (await api.get(hand.path)).json["durationMs"]
    assert (found["odooVersion"], found["totalModules"]) == ("19.0", 2)
    assert found["updatedModules"] == ["loans", "films"]
    assert (found["errorCount"], found["warningCount"]) == (1, 1)
    assert found["warningGroups"][0]["logger"] == "odoo.models"


async def test_whether_a_running_deployment_succeeds_is_not_known_and_not_kept(api: Api) -> None:
    hand = await updating(api)
    running = await summary(api, hand)
    assert running["success"] is None
    await hand.say("2026-01-02 10:00:09,000 41 WARNING books odoo.models: no due date either")
    await hand.end()
    ended = await summary(api, hand)
    assert (ended["success"], ended["warningCount"]) == (False, 2)
    assert await summary(api, hand) == ended


async def test_a_deployment_that_waits_has_an_empty_log(api: Api) -> None:
    deployment = await queue(api)
    path = f"{api.acme.path}/deployments/{deployment.id}/logs"
    assert (await api.get(f"{path}/download")).body.endswith(b"# completed: unknown\n\n")
    assert (await api.get(f"{path}/summary")).json == {
        "durationMs": None,
        "errorCount": 0,
        "odooVersion": None,
        "sections": [],
        "success": None,
        "totalModules": None,
        "updatedModules": [],
        "warningCount": 0,
        "warningGroups": [],
    }


@dataclass
class Counted:
    """Transcripts that remember from which line they were read."""

    inner: Transcripts
    asked: list[int] = field(default_factory=list)

    async def append(self, deployment_id: str, term: int, content: bytes) -> int:
        return await self.inner.append(deployment_id, term, content)

    async def read(self, deployment_id: str, *, after_line: int, limit: int) -> tuple[Chunk, ...]:
        self.asked.append(after_line)
        return await self.inner.read(deployment_id, after_line=after_line, limit=limit)


async def test_the_summary_of_a_running_deployment_reads_each_line_once(api: Api) -> None:
    hand = await updating(api)
    counted, summaries = Counted(api.transcripts), Summaries()
    view = (await api.get(hand.path)).json
    first = json.loads(await summaries.of(view, counted))
    read = counted.asked[-1]
    await hand.say("2026-01-02 10:00:09,000 7 WARNING db odoo.x: Odd")
    second, third = await asyncio.gather(summaries.of(view, counted), summaries.of(view, counted))
    assert min(counted.asked[2:]) == read > 0
    assert json.loads(second) == json.loads(third)
    assert json.loads(second)["warningCount"] == first["warningCount"] + 1
    assert json.loads(second) == await summary(api, hand)
