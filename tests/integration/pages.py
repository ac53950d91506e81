"""Open pages: websockets that hear what is told, and come back as Odoo's own client does."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

from ocore.demo.odoo_rpc import OdooUser
from tests.integration.platform import Site

CHANNEL: Final = "oc_numbers"
# As in Odoo 19's `websocket_worker.js`.
_FIRST_DELAY_SECONDS: Final = 1.0
_LONGEST_DELAY_SECONDS: Final = 60.0
_GROWTH: Final = 1.5


@dataclass(slots=True, kw_only=True)
class Stay:
    """One time a page was connected, by `time.monotonic`; `code` is what it was closed with."""

    opened: float
    closed: float | None = None
    code: int | None = None


@dataclass(slots=True, kw_only=True)
class Page:
    """A page that is kept up to date: the numbers it was told, and how it was connected.

    `refused` are the answers it had when it wanted to connect and could not.
    """

    http: aiohttp.ClientSession
    url: str
    host: str
    told: list[int] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _last: int = 0

    async def live(self) -> None:
        """Hear what is told, for ever; come back after a while whenever it is disconnected."""
        delay = _FIRST_DELAY_SECONDS
        while True:
            try:
                await self._stay()
                delay = _FIRST_DELAY_SECONDS
            except aiohttp.WSServerHandshakeError as refusal:
                self.refused.append(str(refusal.status))
            except aiohttp.ClientError as broken:
                self.refused.append(repr(broken))
            delay = min(delay * _GROWTH, _LONGEST_DELAY_SECONDS) + secrets.randbelow(1000) / 1000
            await asyncio.sleep(delay)

    async def _stay(self) -> None:
        headers = {"Host": self.host, "Origin": f"http://{self.host}"}
        async with self.http.ws_connect(f"{self.url}/websocket", headers=headers) as socket:
            self.stays.append(stay := Stay(opened=time.monotonic()))
            wanted = {"channels": [CHANNEL], "last": self._last}
            await socket.send_json({"event_name": "subscribe", "data": wanted})
            async for frame in socket:
                self._hear(frame.json())
            stay.closed, stay.code = time.monotonic(), socket.close_code

    def _hear(self, notifications: list[dict[str, Any]]) -> None:
        for each in notifications:
            self._last = each["id"]
            if each["message"]["type"] == "number":
                self.told.append(each["message"]["payload"])


class Numbers:
    """Tells numbers on the bus, one after another, as a user's work does."""

    def __init__(self, odoo: OdooUser, action: int) -> None:
        self._odoo, self._action = odoo, action
        self.last = 0

    @classmethod
    async def of(cls, site: Site) -> "Numbers":
        odoo = await site.odoo()
        (model,) = await odoo.call("ir.model", "search", [("model", "=", "res.partner")])
        code = f"env['bus.bus']._sendone('{CHANNEL}', 'number', env.context['number'])"
        values = {"name": "Tell", "model_id": model, "state": "code", "code": code}
        return cls(odoo, await odoo.call("ir.actions.server", "create", values))

    async def tell(self, *, pause: float = 0.5) -> None:
        """Tell another number after each pause, for ever."""
        while True:
            context = {"number": self.last + 1}
            await self._odoo.call("ir.actions.server", "run", [self._action], context=context)
            self.last += 1
            await asyncio.sleep(pause)
