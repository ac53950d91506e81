"""Proxy: who receives the customer's traffic."""

from typing import Protocol

from ocore.artifacts import Endpoint
from ocore.environments import Instance
from ocore.errors import StepFailed


class ProxyAway(StepFailed):
    """The proxy does not answer. It finds what it was told when it returns, and acts on it."""


class Proxy(Protocol):
    """Routes the host name of an instance. Every call may be repeated.

    ProxyAway: it was told, but is not there to do it. Any other StepFailed: it could not be told,
    or cannot do it.
    """

    async def route(self, instance: Instance, endpoint: Endpoint) -> None:
        """Send new and held requests there; returns when the proxy has seen it."""
        ...

    async def hold(self, instance: Instance) -> None:
        """Let new requests wait for the next `route`; past the limit they get 503 and Retry-After.

        Returns when the proxy has seen it.
        """
        ...

    async def remove(self, instance: Instance) -> None:
        """Forget the instance; its host name gets 404."""
        ...
