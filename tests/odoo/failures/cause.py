"""Cause the failures of the corpus again, and keep their logs: `python -m … [NAME…]`."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.odoo.failures import in_modules, in_scripts, in_tools
from tests.odoo.failures.case import Case, write_log
from tests.odoo.failures.odoo14_stage import CASES as CASES_OF_14
from tests.odoo.failures.odoo14_stage import odoo14_stage
from tests.odoo.failures.odoo_stage import odoo_stage
from tests.odoo.failures.tool_stage import docker_stage, tool_stage

STAGES: tuple[tuple[Callable[[], AbstractAsyncContextManager[Any]], Sequence[Case[Any]]], ...] = (
    (odoo_stage, (*in_modules.CASES, *in_scripts.CASES)),
    (odoo14_stage, CASES_OF_14),
    (tool_stage, (*in_tools.GIT, *in_tools.PACKAGES)),
    (docker_stage, in_tools.DOCKER),
)


async def cause(wanted: frozenset[str]) -> AsyncIterator[str]:
    for stage, cases in STAGES:
        chosen = [case for case in cases if not wanted or case.name in wanted]
        if not chosen:
            continue
        async with stage() as on:
            for case in chosen:
                log = await case.cause(on)
                facts = {"failure": case.how, **log.facts}
                write_log(
                    case.name, type(log)(lines=log.lines, exit_code=log.exit_code, facts=facts)
                )
                yield f"{case.name}: {len(log.lines)} lines, exit code {log.exit_code}"


async def main() -> None:
    async for said in cause(frozenset(sys.argv[1:])):
        sys.stdout.write(f"{said}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
