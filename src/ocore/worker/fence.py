"""Ask before touching: every call on the live instance first proves that the lease is ours."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

Port = TypeVar("Port")


class _Fenced:
    """Forwards the calls of a port, each after `confirm`.

    A worker can be frozen at any line (SIGSTOP, a paused machine) and thaw after another one took
    over. The check and the effect cannot be one, but what remains between them is one await.
    """

    def __init__(self, port: object, confirm: Callable[[], Awaitable[object]]) -> None:
        self._port = port
        self._confirm = confirm

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self._port, name)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await self._confirm()
            return await method(*args, **kwargs)

        return call


def fenced(port: Port, confirm: Callable[[], Awaitable[object]]) -> Port:
    """Return the port; every call awaits `confirm` first, which raises when the lease is lost."""
    return cast("Port", _Fenced(port, confirm))
