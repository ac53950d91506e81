from dataclasses import replace

from ocore.deployments.model import Status, Step
from ocore.deployments.view import deployment_view, step_view
from tests.deployments.journal import begun, done
from tests.deployments.world import DEPLOYMENT, NOW, SHA, deployment

ALL_BUT_LAST = (
    Step.FETCH,
    Step.INSPECT,
    Step.VALIDATE,
    Step.BUILD,
    Step.SNAPSHOT,
    Step.UPDATE,
    Step.START,
    Step.HEALTH,
    Step.SWITCH,
)


def test_what_is_not_known_yet_is_null() -> None:
    queued = replace(deployment(previous=None), status=Status.QUEUED, started_at=None)
    view = deployment_view(queued, updated_at=NOW)
    unknown = {key for key, value in view.items() if value is None}
    assert {"commitSha", "risk", "successVerdict", "snapshotId", "imageTag"} <= unknown
    assert view["id"] == DEPLOYMENT


def test_the_pinned_commit_is_shown_before_the_source_is_fetched() -> None:
    pinned = replace(deployment(), pinned_sha=SHA)
    assert deployment_view(pinned, updated_at=NOW)["commitSha"] == SHA


def test_steps_are_listed_in_order_from_the_beginning() -> None:
    view = deployment_view(begun(deployment(), Step.FETCH), updated_at=NOW)
    steps = view["steps"]
    assert isinstance(steps, list)
    assert [step["sortOrder"] for step in steps] == list(range(1, len(steps) + 1))
    assert [step["status"] for step in steps][:2] == ["running", "pending"]


def test_a_step_shows_how_long_its_last_attempt_took() -> None:
    again = done(begun(deployment(), Step.FETCH), Step.FETCH)
    view = step_view(again, Step.FETCH)
    assert (view["durationMs"], view["version"], view["status"]) == (1000, 2, "succeeded")


def test_steps_that_were_never_reached_are_skipped_once_it_ended() -> None:
    ended = replace(done(deployment(), Step.FETCH), status=Status.FAILED)
    assert step_view(ended, Step.VERIFY)["status"] == "skipped"


def test_the_active_colour_changes_with_the_switch_and_not_before() -> None:
    before = done(deployment(), *ALL_BUT_LAST[:-1])
    after = done(deployment(), *ALL_BUT_LAST)
    assert deployment_view(before, updated_at=NOW)["activeColor"] == "blue"
    assert deployment_view(after, updated_at=NOW)["activeColor"] == "green"
