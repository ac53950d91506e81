import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ocore.kit.tcp import Connection, connections_to


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=400) as listening:
        yield listening


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


async def seen(server: socket.socket) -> Connection:
    # What was sent a moment ago may still be on its way.
    await asyncio.sleep(0.05)
    [connection] = connections_to(port_of(server))
    return connection


async def test_a_port_nobody_is_connected_to_has_no_connections(server: socket.socket) -> None:
    assert connections_to(port_of(server)) == []


async def test_a_connection_tells_whether_it_was_asked_and_answered(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()) as client:
        fresh = await seen(server)
        assert (fresh.asked, fresh.answered) == (False, False)
        client.sendall(b"GET / HTTP/1.1")
        # Even before anybody has accepted it.
        asked = await seen(server)
        assert (asked.asked, asked.answered) == (True, False)
        accepted, _ = server.accept()
        with accepted:
            accepted.recv(100)
            assert (await seen(server)).asked
            accepted.sendall(b"HTTP/1.1 200 OK")
            answered = await seen(server)
            assert (answered.answered, answered.unsent) == (True, 0)
    await asyncio.sleep(0.05)
    assert connections_to(port_of(server)) == []


async def test_what_a_slow_reader_has_not_taken_is_unsent(server: socket.socket) -> None:
    with socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            accepted.setblocking(False)
            sent = accepted.send(b"x" * 20_000_000)
            assert 0 < (await seen(server)).unsent <= sent


async def test_as_many_as_there_are(server: socket.socket) -> None:
    with ExitStack() as clients:
        for _ in range(300):
            clients.enter_context(socket.create_connection(server.getsockname()))
        await asyncio.sleep(0.05)
        assert len(connections_to(port_of(server))) == 300
