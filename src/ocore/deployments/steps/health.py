"""Health check: ask the new colour what users will ask, until it answers or time is up."""

from collections.abc import Sequence
from datetime import timedelta

from ocore.artifacts import Colour, Endpoint
from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment, Started
from ocore.deployments.steps.outcome import Check, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.odoo.failures import explain, headline
from ocore.runtime import Probe

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 4.0
_LOG_LINES = 400


async def health(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Pass when every probe does; /web/health alone proves nothing about pages."""
    check = Check(gate=Gate.RUNTIME_HEALTH, name="Health check", mode="runtime", now=tools.now)
    started = deployment.produced(Started)
    try:
        probes = await answering(
            deployment.instance, started.endpoint, colour=started.colour, tools=tools
        )
    except StepFailed as failure:
        tail = await tools.watch.log_tail(deployment.instance, started.colour, 40)
        raise check.failure(failure, log_excerpt="\n".join(tail)) from failure
    summary = "; ".join(f"{probe.name}: {probe.answer}" for probe in probes)
    return Outcome(detail=summary, evidence=(check.passed(summary),))


async def answering(
    instance: Instance, endpoint: Endpoint, *, colour: Colour, tools: Toolbox
) -> tuple[Probe, ...]:
    """Return the probes once all pass; StepFailed with the last answers when time is up."""
    deadline = tools.now() + timedelta(seconds=tools.health_seconds)
    pause = _FIRST_WAIT
    while True:
        probes = await tools.watch.probe(instance, endpoint)
        if all(probe.passed for probe in probes):
            return probes
        if tools.now() >= deadline:
            tail = await tools.watch.log_tail(instance, colour, _LOG_LINES)
            raise _unhealthy(probes, tail, tools.health_seconds)
        await tools.wait(pause)
        pause = min(pause * 1.5, _LONGEST_WAIT)


def _unhealthy(probes: Sequence[Probe], tail: Sequence[str], seconds: float) -> StepFailed:
    failed = next(probe for probe in probes if not probe.passed)
    sentence = f"{failed.name} did not pass within {seconds:.0f} s: {failed.answer}"
    card = explain(tail, modules_root=None)
    if card is None:
        return StepFailed(sentence)
    return StepFailed(f"{sentence}. The log says: {headline(card)}", card=card.as_json())
