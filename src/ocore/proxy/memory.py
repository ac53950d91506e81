"""A proxy that remembers what it was told: the honest double of the port."""

from ocore.artifacts import Endpoint
from ocore.environments import Instance


class MemoryProxy:
    """`routes` maps the database of each instance to what serves it; None means it is held."""

    def __init__(self) -> None:
        self.routes: dict[str, Endpoint | None] = {}

    async def route(self, instance: Instance, endpoint: Endpoint) -> None:
        self.routes[instance.database] = endpoint

    async def hold(self, instance: Instance) -> None:
        self.routes[instance.database] = None

    async def remove(self, instance: Instance) -> None:
        self.routes.pop(instance.database, None)
