"""Rehearse: try the real update and its tests on a copy of the data, and throw the copy away."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from ocore.artifacts import Image
from ocore.deployments.changes import changes_between
from ocore.deployments.evidence import Evidence, Finding, FindingClass, Gate, GateAction
from ocore.deployments.model import Deployment, Step
from ocore.deployments.products import Inspected, Rehearsed
from ocore.deployments.steps.harmless import neutralize, throw_away
from ocore.deployments.steps.outcome import Check, GateFailed, Hearing, Outcome
from ocore.deployments.steps.update import carry_out, named, suspicions
from ocore.deployments.toolbox import Toolbox
from ocore.environments import Instance
from ocore.errors import StepFailed
from ocore.gates.catalog import found
from ocore.gates.configuration import FILE_NAME
from ocore.kit.moments import in_seconds
from ocore.odoo.failures import FailureCard, Where
from ocore.odoo.plan import PlannedChange
from ocore.odoo.results import Results, results_of
from ocore.rehearsals import stand_in
from ocore.runtime import ModuleChange

_MOST_SECONDS_OF_TESTS: Final = 3600.0
"""Tests that wait for what never comes must not keep the instance's next deployment waiting."""


async def rehearse(deployment: Deployment, tools: Toolbox) -> Outcome:
    """Fail here, where nobody is served, rather than in the cutover.

    The copy goes whatever happens; what a worker that died has left, the next try removes first.
    """
    try:
        return await _Rehearsal(deployment, tools).run()
    finally:
        await throw_away(deployment.instance, tools)


async def forget_rehearsal(deployment: Deployment, tools: Toolbox) -> None:
    """Throw the copy away when the deployment ends and no try at making it came to its end."""
    foreign = deployment.target is not None and deployment.target.source is not None
    step = Step.PREPARE if foreign else Step.REHEARSE
    if not deployment.began(step) or deployment.settled(step):
        return
    try:
        await throw_away(deployment.instance, tools)
    except StepFailed as failure:
        tools.say(f"The copy of the data stays until the next rehearsal: {failure}")


@dataclass(slots=True)
class _Rehearsal:
    """One rehearsal. `warnings` are lines that deserve a look although the update went on."""

    deployment: Deployment
    tools: Toolbox
    warnings: list[str] = field(default_factory=list)

    @property
    def stand_in(self) -> Instance:
        return stand_in(self.deployment.instance)

    async def run(self) -> Outcome:
        check = Check(
            gate=Gate.DATABASE_REHEARSAL, name="Rehearsal", mode="rehearsal", now=self.tools.now
        )
        try:
            await self._prepare()
            took, findings = await self._update()
        except StepFailed as failure:
            explained = Hearing(self.tools.say).explained(
                failure, otherwise="The update could not be rehearsed"
            )
            raise check.failure(explained, findings=suspicions(self.warnings)) from failure
        planned = self._planned
        summary = f"{named(planned)}: the update took {in_seconds(took)} on a copy of the data"
        passed = check.passed(summary, exit_code=0, warned=any(map(_warns, findings)))
        results, tested = await self._test(passed, findings)
        return Outcome(
            detail=f"{summary}; {tested.summary}",
            artifact=Rehearsed(
                update_ms=round(took / timedelta(milliseconds=1)), tests=results.total
            ),
            evidence=(passed, tested),
            findings=findings,
        )

    async def _prepare(self) -> None:
        """Make the copy, and harmless: by the rules of the code it comes from, which fits it."""
        tools, instance = self.tools, self.deployment.instance
        await tools.runtime.halt(self.stand_in)
        tools.say("Copying the data of now, beside who works in it")
        await tools.rehearsals.prepare(instance)
        await self._neutralize(await self._live_image())

    async def _update(self) -> tuple[timedelta, tuple[Finding, ...]]:
        tools, instance = self.tools, self.deployment.instance
        before = await tools.rehearsals.portrait(instance)
        began = tools.now()
        await carry_out(self.deployment, self.stand_in, tools, self.warnings)
        took = tools.now() - began
        _demand(took, longest=instance.longest_window)
        after = await tools.rehearsals.portrait(instance)
        held = self.deployment.served.hold_seconds
        return took, (
            *suspicions(self.warnings),
            *changes_between(before, after),
            *_long_window(took, hold_seconds=held or tools.hold_seconds),
        )

    async def _test(
        self, rehearsed: Evidence, findings: tuple[Finding, ...]
    ) -> tuple[Results, Evidence]:
        """Run the tests of the modules in the plan, on the data as the update left it."""
        tools, names = self.tools, [module.name for module in self._planned]
        excluded = self.deployment.produced(Inspected).configuration.tests.exclude
        check = Check(gate=Gate.ODOO_TESTS, name="Odoo tests", mode="test", now=tools.now)
        lines: list[str] = []

        def hear(line: str) -> None:
            tools.say(line)
            lines.append(line)
            del lines[:-2000]

        try:
            # New modules may have brought mail servers and scheduled actions of their own.
            await self._neutralize(self._image)
            change = ModuleChange(
                update=tuple(names),
                test_tags=(*(f"/{name}" for name in names), *(f"-{each}" for each in excluded)),
                seconds=_MOST_SECONDS_OF_TESTS,
            )
            await tools.runtime.update(self.stand_in, self._image, change, say=hear)
        except StepFailed as failure:
            failed = check.failure(_told(failure, lines))
            raise GateFailed(
                str(failed), *failed.evidence, rehearsed, findings=findings
            ) from failure
        results = results_of(lines) or Results(total=0, unsuccessful=0)
        return results, check.passed(_ran(results, names, excluded))

    async def _neutralize(self, image: Image) -> None:
        await neutralize(self.deployment.instance, image, self.tools)

    async def _live_image(self) -> Image:
        previous = self.deployment.previous
        image = await self.tools.images.find(previous.image) if previous else None
        return image or self._image

    @property
    def _image(self) -> Image:
        image = self.deployment.image
        if image is None:
            raise LookupError("a rehearsal without an image")
        return image

    @property
    def _planned(self) -> tuple[PlannedChange, ...]:
        return self.deployment.produced(Inspected).planned


def _demand(took: timedelta, *, longest: int | None) -> None:
    """Refuse an update that takes longer than the instance may be away."""
    if longest is None or took <= timedelta(seconds=longest):
        return
    sentence = (
        f"the update takes {in_seconds(took)} on a copy of the data, and may take {longest} s"
    )
    card = FailureCard(
        title="The update takes too long",
        cause=sentence,
        where=Where(),
        excerpt=sentence,
        explanation="Users would wait, or see a maintenance page, for at least as long.",
        suggested_fix=(
            "Let the migration work in SQL, or before the deployment; or allow the instance a "
            "longer window and deploy when few people work."
        ),
        retryable=False,
    )
    raise StepFailed(sentence, card=card.as_json())


def _told(failure: StepFailed, lines: Sequence[str]) -> StepFailed:
    """Return the failure with how many tests did not pass, where that is the reason."""
    results = results_of(lines)
    if results is None or not results.unsuccessful:
        return failure
    counted = f"{results.unsuccessful} of {results.total} tests did not pass"
    return StepFailed(f"{counted}: {failure}", card=failure.card, exit_code=failure.exit_code)


def _ran(results: Results, names: Sequence[str], excluded: Sequence[str]) -> str:
    ran = f"{results.total} tests of {', '.join(names)} passed"
    without = f"; {FILE_NAME} excludes {', '.join(excluded)}" if excluded else ""
    return (ran if results.total else "no test of the changed modules ran") + without


def _long_window(took: timedelta, *, hold_seconds: float) -> tuple[Finding, ...]:
    if took <= timedelta(seconds=hold_seconds):
        return ()
    return (
        found(
            FindingClass.LONG_WINDOW,
            f"the update alone takes {in_seconds(took)}: requests are held for"
            f" {hold_seconds:.0f} s, after that users see a maintenance page",
            updateMs=round(took / timedelta(milliseconds=1)),
        ),
    )


def _warns(finding: Finding) -> bool:
    return finding.action is not GateAction.INFORM
