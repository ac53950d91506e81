"""What the watch makes of answers that a healthy Odoo never gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from ocore.artifacts import Colour, Endpoint
from ocore.embedded.home import Home
from ocore.runtime import Probe
from ocore.runtime.watch import HttpWatch
from tests.runtime.conftest import instance_of

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LOGIN = '<input name="csrf_token"/><link href="/web/assets/1/a.min.css?x=1&amp;y=2"/>'


def says(text: str = "", status: int = 200, **headers: str) -> Handler:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, status=status, headers=headers)

    return answer


async def upgrade(request: web.Request) -> web.WebSocketResponse:
    assert request.headers["Origin"] == "http://shop.example.com"
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.close()
    return socket


async def asset(request: web.Request) -> web.Response:
    return web.Response(status=200 if dict(request.query) == {"x": "1", "y": "2"} else 400)


async def stall(_: web.Request) -> web.Response:
    await asyncio.sleep(2)
    return web.Response()


HEALTHY: dict[str, Handler] = {
    "/web/health": says('{"status":"pass"}'),
    "/web/login": says(LOGIN),
    "/web/assets/1/a.min.css": asset,
    "/websocket": upgrade,
}


@pytest.fixture
async def ask() -> AsyncIterator[Callable[..., Awaitable[tuple[Probe, ...]]]]:
    runners: list[web.AppRunner] = []

    async def ask_of(changes: dict[str, Handler]) -> tuple[Probe, ...]:
        application = web.Application()
        for path, handler in {**HEALTHY, **changes}.items():
            application.router.add_get(path, handler)
        runner = web.AppRunner(application, shutdown_timeout=0)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        endpoint = Endpoint(host="127.0.0.1", http_port=port, websocket_port=port)
        watch = HttpWatch(Home(Path("/nowhere")), request_seconds=0.5)
        return await watch.probe(instance_of("shop"), endpoint)

    yield ask_of
    for runner in runners:
        await runner.cleanup()


async def test_a_colour_that_answers_everything_passes(
    ask: Callable[..., Awaitable[tuple[Probe, ...]]],
) -> None:
    probes = await ask({})
    names = [probe.name for probe in probes]
    assert names == ["/web/health", "/web/login", "database", "asset", "/websocket"]
    assert all(probe.passed for probe in probes), probes


@pytest.mark.parametrize(
    ("path", "handler", "name", "answer"),
    [
        ("/web/health", says('{"status":"fail"}'), "/web/health", "fail"),
        ("/web/health", says("pass, surely"), "/web/health", "surely"),
        ("/web/health", says(status=500), "/web/health", "500"),
        ("/web/health", stall, "/web/health", "in time"),
        (
            "/web/login",
            says(status=303, Location="/web/database/selector"),
            "/web/login",
            "303 to /web/database/selector",
        ),
        ("/web/login", says("<html>"), "/web/login", "csrf_token"),
        ("/web/login", says('<input name="csrf_token"/>'), "asset", "no asset"),
        ("/web/assets/1/a.min.css", says(status=404), "asset", "404"),
        ("/websocket", says(status=503), "/websocket", "503"),
    ],
)
async def test_the_first_wrong_answer_ends_the_questions(
    ask: Callable[..., Awaitable[tuple[Probe, ...]]],
    path: str,
    handler: Handler,
    name: str,
    answer: str,
) -> None:
    probes = await ask({path: handler})
    assert [probe.passed for probe in probes[:-1]] == [True] * (len(probes) - 1)
    assert (probes[-1].name, probes[-1].passed) == (name, False)
    assert answer in probes[-1].answer


async def test_silence_is_a_failed_probe_and_no_error() -> None:
    endpoint = Endpoint(host="127.0.0.1", http_port=9, websocket_port=9)
    [probe] = await HttpWatch(Home(Path("/nowhere"))).probe(instance_of("shop"), endpoint)
    assert not probe.passed
    assert "no answer" in probe.answer


@pytest.mark.parametrize("lines", [0, 1, 3, 5000])
async def test_the_end_of_a_log_is_read_over_its_rotation(tmp_path: Path, lines: int) -> None:
    folder = Home(tmp_path).instances / "shop" / "log"
    folder.mkdir(parents=True)
    written = [f"{n:06d} " + "ü" * 100 for n in range(2000)]
    (folder / "blue.log.1").write_text("\n".join(written[:1999]) + "\n")
    (folder / "blue.log").write_text(written[1999] + "\n")
    tail = await HttpWatch(Home(tmp_path)).log_tail(instance_of("shop"), Colour.BLUE, lines)
    assert tail == tuple(written[-lines:] if lines else ())


async def test_a_colour_that_never_ran_has_no_log(tmp_path: Path) -> None:
    assert await HttpWatch(Home(tmp_path)).log_tail(instance_of("shop"), Colour.GREEN, 10) == ()
