"""Health check: ask the new colour what users will ask, until it answers or time is up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from ocore.artifacts import Colour, Endpoint
from ocore.deployments.evidence import Gate
from ocore.deployments.model import Deployment
from ocore.deployments.products import Inspected, Started
from ocore.deployments.steps.outcome import Check, Outcome
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.odoo.failures import explain, headline
from ocore.odoo.logs import starts_in
from ocore.runtime import Probe

_FIRST_WAIT, _LONGEST_WAIT = 0.25, 4.0
_PATIENCE_WITH_WRONG_ANSWERS = timedelta(seconds=6)
"""An Odoo that answers, and wrongly for this long, will not get better by waiting."""
_MOST_STARTS = 3
"""An Odoo that ended twice while it was waited for will end a third time."""
_LOG_LINES = 400


async def health(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Pass when every probe does; /web/health alone proves nothing about pages."""
    check = Check(gate=Gate.RUNTIME_HEALTH, name="Health check", mode="runtime", now=tools.now)
    started = deployment.produced(Started)
    instance = _with_smoke_paths(deployment)
    probes: list[Probe] = []

    async def until_ready() -> None:
        probes[:] = await answering(instance, started.endpoint, colour=started.colour, tools=tools)

    try:
        # The first page that is asked for makes bundles already.
        bundles = await tools.assets.bridge(instance, started.endpoint, until_ready, say=tools.say)
    except StepFailed as failure:
        tail = await tools.watch.log_tail(deployment.instance, started.colour, 40)
        raise check.failure(failure, log_excerpt="\n".join(tail)) from failure
    if not deployment.replaces_data:
        # In an update users wait already, and the sooner they are served the better.
        await tools.warm_up(instance, started.endpoint)
    answers = [f"{probe.name}: {probe.answer}" for probe in probes]
    summary = "; ".join([*answers, f"{bundles} bundles ready"])
    return Outcome(detail=summary, evidence=(check.passed(summary),))


def _with_smoke_paths(deployment: Deployment) -> Instance:
    """Return the instance with the paths that its repository wants asked for as well."""
    instance, inspected = deployment.instance, deployment.find(Inspected)
    wanted = inspected.configuration.smoke_paths if inspected else ()
    return replace(instance, smoke_paths=tuple(dict.fromkeys((*instance.smoke_paths, *wanted))))


async def answering(
    instance: Instance, endpoint: Endpoint, *, colour: Colour, tools: Toolbox
) -> tuple[Probe, ...]:
    """Return the probes once all pass; StepFailed with the last answers when they will not."""
    began = same_since = tools.now()
    wrong: Probe | None = None
    first: int | None = None
    pause = _FIRST_WAIT
    while True:
        probes = await tools.watch.probe(instance, endpoint)
        if all(probe.passed for probe in probes):
            return probes
        tail = await tools.watch.log_tail(instance, colour, _LOG_LINES)
        # A log may tell of starts from before: of a machine that was restarted, for one.
        seen = starts_in(tail)
        first = max(seen, 1) if first is None else first
        now = tools.now()
        if (said := _wrong_answer(probes)) != wrong:
            wrong, same_since = said, now
        hopeless = wrong is not None and now - same_since >= _PATIENCE_WITH_WRONG_ANSWERS
        late = now - began >= timedelta(seconds=tools.health_seconds)
        if hopeless or late or seen - first + 1 >= _MOST_STARTS:
            raise _unhealthy(probes, tail, now - began)
        await tools.wait(pause)
        pause = min(pause * 1.5, _LONGEST_WAIT)


def _wrong_answer(probes: Sequence[Probe]) -> Probe | None:
    """Return what was answered wrongly; None while nobody answers, as one that starts does not."""
    failed = probes[-1]
    return failed if failed.answered else None


def _unhealthy(probes: Sequence[Probe], tail: Sequence[str], waited: timedelta) -> StepFailed:
    failed = probes[-1]
    sentence = f"{failed.name} did not pass in {waited.total_seconds():.0f} s: {failed.answer}"
    card = explain(tail, modules_root=None)
    if card is None:
        return StepFailed(sentence)
    return StepFailed(f"{sentence}. The log says: {headline(card)}", card=card.as_json())
