"""Talks to Odoo as a user of the sample module would."""

from dataclasses import dataclass
from typing import Any

import aiohttp


class OdooRefused(Exception):
    """Odoo answered with an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OdooUser:
    """A signed-in user of one database (external API, JSON-RPC over HTTP)."""

    url: str
    host: str
    database: str
    login: str
    password: str

    async def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of a model and return its result."""
        user_id = await self._rpc("common", "login", self.database, self.login, self.password)
        if not user_id:
            raise OdooRefused(f"Odoo does not know {self.login} with this password")
        credentials = (self.database, user_id, self.password)
        return await self._rpc("object", "execute_kw", *credentials, model, method, args, kwargs)

    async def _rpc(self, service: str, method: str, *args: Any) -> Any:
        body = {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 1,
            "params": {"service": service, "method": method, "args": args},
        }
        timeout = aiohttp.ClientTimeout(total=60)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"{self.url}/jsonrpc", json=body, headers={"Host": self.host}) as response,
        ):
            answer = await response.json()
        if "error" in answer:
            raise OdooRefused(answer["error"]["data"]["message"])
        return answer["result"]
