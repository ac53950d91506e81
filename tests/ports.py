"""Ports for what tests start."""

import secrets
import socket


def free_port() -> int:
    """Return a port of this machine that nobody has.

    It lies below those that the kernel gives to connections (ip_local_port_range of ip(7)): between
    the look and the use one of them could take it.
    """
    while True:
        port = 10_000 + secrets.randbelow(10_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
