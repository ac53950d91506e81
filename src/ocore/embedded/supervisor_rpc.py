"""How one speaks to supervisord: XML-RPC over its unix socket."""

import xmlrpc.client
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault

import aiohttp
from supervisor.xmlrpc import Faults

from ocore.errors import StepFailed, Stopping

_CALL_SECONDS: Final = 20.0


class SupervisorAbsent(StepFailed):
    """No supervisor runs, and so none of its programs."""


class SupervisorRpc:
    """Calls of the interface `supervisor.*` (its manual, "XML-RPC API Documentation")."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def call(self, method: str, *arguments: Any, expected: tuple[int, ...] = ()) -> Any:
        """Return the answer, or the Fault when its code is among the expected ones.

        StepFailed when nobody answers (SupervisorAbsent when nobody listens), and for any other
        fault. Stopping when the supervisor is about to end, and everything it runs with it.
        """
        answer = await self._post(xmlrpc.client.dumps(arguments, f"supervisor.{method}"))
        try:
            (result,), _ = xmlrpc.client.loads(answer.decode())
        except Fault as fault:
            if fault.faultCode in expected:
                return fault
            if fault.faultCode == Faults.SHUTDOWN_STATE:
                raise Stopping("the supervisor is shutting down") from fault
            raise StepFailed(
                f"the supervisor refuses {method}{arguments}: {fault.faultString};"
                f" see supervisord.log in {self._socket.parent}"
            ) from fault
        return result

    async def _post(self, body: str) -> bytes:
        try:
            return await self._exchange(body)
        except aiohttp.ClientConnectorError as failure:
            raise SupervisorAbsent(
                f"no supervisor listens at {self._socket}; start the platform with `ocore up`"
            ) from failure
        except (aiohttp.ClientError, TimeoutError) as failure:
            raise StepFailed(
                f"the supervisor does not answer at {self._socket}: {failure!r};"
                " see supervisord.log beside it"
            ) from failure

    async def _exchange(self, body: str) -> bytes:
        async with (
            aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(path=str(self._socket)),
                timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS),
            ) as session,
            session.post(
                "http://supervisor/RPC2", data=body, headers={"Content-Type": "text/xml"}
            ) as response,
        ):
            response.raise_for_status()
            return await response.read()
