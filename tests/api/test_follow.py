import asyncio
from collections.abc import Callable

import pytest
from psycopg import AsyncConnection

from ocore.deployments.model import Status, Step
from ocore.deployments.pipeline import FLOW
from ocore.kit.databases import connected
from ocore.kit.postgres import PostgresServer
from ocore.worker.transcript import Transcript
from tests.api.following import (
    Event,
    all_events,
    assert_whole,
    events_until_cut,
    following,
    hub_of,
    texts,
)
from tests.api.parts import Api
from tests.api.worker import Hand, queue, take

STEPS = FLOW[:4]


async def taken(api: Api) -> Hand:
    await queue(api)
    return await take(api)


async def until(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 - what is asked about sets no event
            await asyncio.sleep(0.02)


async def test_two_followers_see_a_deployment_as_it_happens(api: Api) -> None:
    hand = await taken(api)
    followers = [asyncio.create_task(all_events(api, hand.path, lines=True)) for _ in range(2)]
    await hand.tell(STEPS)
    one, two = await asyncio.gather(*followers)
    for seen in (one, two):
        assert_whole(seen, lines=True)
        assert len([event for event in seen if event.kind == "step"]) == 2 * len(STEPS)
        assert len(texts(seen)) == len(STEPS) * 5
    assert [e.data for e in one if e.kind == "step"] == [e.data for e in two if e.kind == "step"]


async def test_a_step_is_told_when_it_changes_and_not_at_the_end(api: Api) -> None:
    hand = await taken(api)
    async with asyncio.timeout(10), following(api, hand.path) as stream:
        await hand.begin(Step.FETCH)
        began = await anext(stream)
        assert (began.kind, began.data["name"]) == ("step", "Fetch source")
        assert (began.data["status"], began.data["completedAt"]) == ("running", None)
        await hand.finish(Step.FETCH, detail="c0ffee")
        ended = await anext(stream)
        assert (ended.data["status"], ended.data["output"]) == ("succeeded", "c0ffee")
        assert ended.data["id"] == began.data["id"]
        await hand.end()
        last = await anext(stream)
        assert last.kind == "complete"
        assert last.data["status"] == "failed"
        assert [event async for event in stream] == []


async def test_the_lines_of_a_step_come_before_its_end(api: Api) -> None:
    hand = await taken(api)
    follower = asyncio.create_task(all_events(api, hand.path, lines=True))
    await hand.tell(FLOW, lines=3)
    seen = await follower
    for step in FLOW:
        ended = _index(seen, lambda e, s=step: _is(e, s, "succeeded"))
        spoken = [
            i for i, e in enumerate(seen) if e.kind == "log" and f"{step} says" in str(e.data)
        ]
        assert len(spoken) == 3
        assert max(spoken) < ended


def _is(event: Event, step: Step, status: str) -> bool:
    return event.kind == "step" and (event.data["name"], event.data["status"]) == (step, status)


def _index(seen: list[Event], wanted: Callable[[Event], bool]) -> int:
    return next(index for index, event in enumerate(seen) if wanted(event))


@pytest.mark.parametrize("lines", [False, True], ids=["steps", "lines"])
async def test_an_ended_deployment_is_replayed_and_completes(api: Api, *, lines: bool) -> None:
    hand = await taken(api)
    await hand.tell(STEPS)
    seen = await all_events(api, hand.path, lines=lines)
    assert_whole(seen, lines=lines)
    assert bool(texts(seen)) is lines
    assert await all_events(api, hand.path, lines=lines) == seen


@pytest.mark.parametrize("lines", [False, True], ids=["steps", "lines"])
async def test_a_replay_resumes_at_every_place_with_what_comes_next(
    api: Api, *, lines: bool
) -> None:
    hand = await taken(api)
    await hand.tell(STEPS)
    seen = await all_events(api, hand.path, lines=lines)
    for index, event in enumerate(seen):
        assert await all_events(api, hand.path, lines=lines, after=event.id) == seen[index + 1 :]


async def test_every_id_of_a_live_stream_resumes_without_gap_or_repetition(api: Api) -> None:
    hand = await taken(api)
    follower = asyncio.create_task(all_events(api, hand.path, lines=True))
    await hand.tell(STEPS)
    seen = await follower
    for event in seen[:-1]:
        for lines in (True, False):
            rest = await all_events(api, hand.path, lines=lines, after=event.id)
            assert_whole(rest, after=event.place, lines=lines)
            assert rest[-1].place[0] == seen[-1].place[0]
            if lines:
                assert len(texts(rest)) == len(texts(seen)) - event.place[1]


@pytest.mark.parametrize("lines", [False, True], ids=["steps", "lines"])
async def test_a_follower_that_comes_back_after_each_event_misses_nothing(
    api: Api, *, lines: bool
) -> None:
    hand = await taken(api)
    writer = asyncio.create_task(hand.tell(STEPS))
    seen: list[Event] = []
    async with asyncio.timeout(30):
        while not seen or seen[-1].kind != "complete":
            after = seen[-1].id if seen else None
            async with following(api, hand.path, lines=lines, after=after) as stream:
                seen.append(await anext(stream))
    await writer
    assert_whole(seen, lines=lines)
    assert len(texts(seen)) == (len(STEPS) * 5 if lines else 0)


@pytest.mark.parametrize(
    "place", ["x", "1", "1-", "-1", "1-2-3", "1-2x", "1- 2", "+1-2", "1" * 16 + "-0", "0x1-0"]
)
async def test_a_place_that_is_none_of_ours_is_malformed(shared: Api, place: str) -> None:
    deployment = await queue(shared)
    path = f"{shared.acme.path}/deployments/{deployment.id}/logs"
    answer = await shared.get(path, headers={"Last-Event-ID": place})
    assert answer.problem() == (400, "malformed_event_id", "Last-Event-ID")


async def test_lines_is_yes_or_no(shared: Api) -> None:
    deployment = await queue(shared)
    path = f"{shared.acme.path}/deployments/{deployment.id}/logs"
    for value in ("2", "-1", "yes", ""):
        answer = await shared.get(f"{path}?lines={value}")
        assert answer.problem() == (400, "malformed_parameter", "lines")


async def test_an_empty_place_is_the_beginning_and_one_past_the_end_is_the_end(api: Api) -> None:
    hand = await taken(api)
    await hand.tell(STEPS)
    assert_whole(await all_events(api, hand.path, after=""), lines=False)
    assert await all_events(api, hand.path, after="999-999", lines=True) == []


async def test_a_deployment_that_was_cancelled_in_the_queue_completes(api: Api) -> None:
    deployment = await queue(api)
    path = f"{api.acme.path}/deployments/{deployment.id}"
    follower = asyncio.create_task(all_events(api, path, lines=True))
    assert (await api.post(f"{path}/cancel")).json["status"] == "cancelled"
    seen = await follower
    assert [(event.kind, event.data["status"]) for event in seen] == [("complete", "cancelled")]


async def test_streamed_lines_are_the_download_without_its_header(api: Api) -> None:
    hand = await taken(api)
    pen = Transcript(api.transcripts, hand.lease, ["hunter2"])
    follower = asyncio.create_task(all_events(api, hand.path, lines=True))
    odd = ["", " ", "data: x", ": comment", "id: 9-9", "é“”\u2028\u0085🎉", "\x1b[31mred\x1b[0m\r"]
    for round_ in range(3):
        await hand.begin(STEPS[round_])
        for line in [*odd, "password=hunter2", "a\0b\tc", "\ud800", "x" * 300_000, "two\nlines"]:
            pen.say(line)
        await pen.flush()
        await hand.finish(STEPS[round_])
    await hand.end(Status.SUCCEEDED)
    seen = await follower
    download = (await api.get(f"{hand.path}/logs/download")).body
    header, _, log = download.partition(b"\n\n")
    assert header.startswith(b"# oCore deployment: ")
    assert "".join(f"{text}\n" for text in texts(seen)).encode() == log
    assert b"hunter2" not in download
    assert [event.data["line"] for event in seen if event.kind == "log"][-1] == log.count(b"\n")


async def test_a_follower_that_leaves_leaves_nothing_behind(api: Api) -> None:
    hand, hub = await taken(api), await hub_of(api)
    before = len(asyncio.all_tasks())
    for lines in (False, True):
        async with following(api, hand.path, lines=lines) as stream:
            await hand.begin(Step.FETCH)
            assert (await anext(stream)).kind in {"step", "log"}
            assert len(hub._followed) == 1
        await until(lambda: not hub._followed)
    await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_of_two_followers_one_may_leave(api: Api) -> None:
    hand, hub = await taken(api), await hub_of(api)
    async with following(api, hand.path) as stays:
        async with following(api, hand.path) as leaves:
            await hand.begin(Step.FETCH)
            assert (await anext(leaves)) == (await anext(stays))
        await hand.finish(Step.FETCH)
        await hand.end()
        assert [event.kind async for event in stays] == ["step", "complete"]
    await until(lambda: not hub._followed)


async def test_a_follower_that_does_not_read_holds_up_nobody(api: Api) -> None:
    hand, hub = await taken(api), await hub_of(api)
    long = "x" * 2**18
    async with following(api, hand.path, lines=True):
        await until(lambda: len(hub._followed) == 1)
        await hand.begin(Step.FETCH)
        for _ in range(64):
            await hand.say(long)
        await hand.finish(Step.FETCH)
        quick = await asyncio.wait_for(_end_of(api, hand), 20)
        assert len(texts(quick)) == 65
    await until(lambda: not hub._followed)


async def _end_of(api: Api, hand: Hand) -> list[Event]:
    follower = asyncio.create_task(all_events(api, hand.path, lines=True))
    await hand.end()
    return await follower


async def _cut_connections(server: PostgresServer, conninfo: str) -> None:
    async with await AsyncConnection.connect(conninfo) as own, connected(server) as admin:
        database = own.info.dbname
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
        )


async def test_a_cut_database_never_leaves_a_follower_waiting(
    api: Api, postgres_server: PostgresServer
) -> None:
    hand = await taken(api)
    hub = await hub_of(api)
    first = asyncio.create_task(events_until_cut(api, hand.path))
    await hand.begin(Step.FETCH)
    await until(lambda: bool(hub._followed))
    await _cut_connections(postgres_server, api.pool.conninfo)
    await _insist(hand, Step.FETCH)
    seen = await asyncio.wait_for(first, 20)
    async with asyncio.timeout(20):
        while not seen or seen[-1].kind != "complete":
            seen += await events_until_cut(api, hand.path, after=seen[-1].id if seen else None)
    assert_whole(seen, lines=True)
    assert texts(seen) == ["=== Fetch source ===", "after the cut"]
    await until(lambda: not hub._followed)


async def _insist(hand: Hand, step: Step) -> None:
    """Go on as a worker does that is started again, once the pool has thrown away what was cut."""
    async with asyncio.timeout(20):
        while True:
            try:
                await hand.say("after the cut")
                break
            except Exception:  # noqa: BLE001 - which of the pool's connections was cut is chance
                await asyncio.sleep(0.05)
    await hand.finish(step)
    await hand.end()
