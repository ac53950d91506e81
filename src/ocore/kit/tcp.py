"""TCP connections of this machine, as Linux tells of them (sock_diag(7), INET_DIAG_INFO)."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SOCK_DIAG, _BY_FAMILY, _DUMP = 4, 20, 0x301
_ERROR, _DONE = 2, 3
_ESTABLISHED: Final = 1 << 1
_INFO: Final = 2
_HEADER: Final = struct.Struct("=IHHII")
"""nlmsghdr: length, type, flags, sequence, port."""
_QUESTION: Final = struct.Struct("=BBBxI2s46x")
"""inet_diag_req_v2: family, protocol, extensions, states, source port."""
_SOCKET: Final = struct.Struct("=56xII8x")
"""inet_diag_msg: bytes nobody has read yet, and bytes that the other side has not taken."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_TCP_INFO: Final = struct.Struct("=44xI104xII")
"""tcp_info: ms since data was sent; segments of data that came in, and that went out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An established connection, seen from the side that listens.

    `asked` and `answered` say whether any data came in and went out; `unsent` bytes are not with
    the other side yet; `silent_ms` is how long ago data was last sent.
    """

    asked: bool
    answered: bool
    unsent: int
    silent_ms: int


def connections_to(port: int) -> list[Connection]:
    """Return the established connections to this port (IPv4); OSError where nobody can tell."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
        kernel.send(_question(port))
        return list(_answers(kernel))


def _question(port: int) -> bytes:
    body = _QUESTION.pack(
        socket.AF_INET, socket.IPPROTO_TCP, 1 << (_INFO - 1), _ESTABLISHED, struct.pack("!H", port)
    )
    return _HEADER.pack(_HEADER.size + len(body), _BY_FAMILY, _DUMP, 0, 0) + body


def _answers(kernel: socket.socket) -> Iterator[Connection]:
    while True:
        packet = kernel.recv(1 << 16)
        while packet:
            length, kind, *_ = _HEADER.unpack_from(packet)
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError(-struct.unpack_from("=i", packet, _HEADER.size)[0], "sock_diag")
            yield _connection(packet[_HEADER.size : length])
            packet = packet[_aligned(length) :]


def _connection(message: bytes) -> Connection:
    unread, unsent = _SOCKET.unpack_from(message)
    silent, came, went = _TCP_INFO.unpack_from(_attribute(message[_SOCKET.size :], _INFO))
    return Connection(
        asked=bool(came or unread), answered=went > 0, unsent=unsent, silent_ms=silent
    )


def _attribute(attributes: bytes, wanted: int) -> bytes:
    while attributes:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == wanted:
            return attributes[_ATTRIBUTE.size : length]
        attributes = attributes[_aligned(length) :]
    raise OSError("sock_diag says nothing about TCP")


def _aligned(length: int) -> int:
    return (length + 3) & ~3
