"""Requests and answers of the API as types: keys in camelCase, every key present."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Response
from litestar.openapi.datastructures import ResponseSpec

from ocore.api.problems import malformed_body
from ocore.artifacts import Colour
from ocore.deployments.evidence import GateAction, Severity
from ocore.deployments.model import Result, Status, Trigger
from ocore.errors import Malformed
from ocore.gates.profiles import Profile
from ocore.kit.ids import is_uuid


def choices(values: Iterable[str]) -> msgspec.Meta:
    """Describe a text as one of these, without checking it."""
    return msgspec.Meta(extra_json_schema={"enum": list(values)})


Uuid = Annotated[str, msgspec.Meta(extra_json_schema={"format": "uuid"})]
Moment = Annotated[str, msgspec.Meta(extra_json_schema={"format": "date-time"})]
ActiveColour = Annotated[str, choices(Colour)]
LineText = Annotated[
    str,
    # In Python, `$` lets a last newline by.
    msgspec.Meta(
        pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$", description="one line, without control characters"
    ),
]
Json = dict[str, Any]


class Body(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of request bodies: a field we do not know is refused, not ignored."""


class View(msgspec.Struct, kw_only=True, rename="camel"):
    """Base of answers."""


class StrictRequest(Request[Any, Any, Any]):
    """A request whose body is decoded into the handler's type, without bending JSON types."""

    async def json(self) -> Any:
        wanted = self.route_handler.parsed_data_field
        try:
            return msgspec.json.decode(
                await self.body(), type=wanted.annotation if wanted else Any, strict=True
            )
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise malformed_body(error, wanted.annotation if wanted else Any) from error


def uuid_in(text: str, field: str) -> str:
    """Return the UUID in a field of a body; Malformed when it is none."""
    if not is_uuid(text):
        raise Malformed(f"{field} must be a UUID", code="malformed_id", field=field)
    return text.lower()


def optional_uuid_in(text: str | None, field: str) -> str | None:
    """Return the UUID in a field of a body, None when it is not given; Malformed as above."""
    return None if text is None else uuid_in(text, field)


def answer_of(view: type[View]) -> ResponseSpec:
    """Return how an answer is described: by its type and the first sentence on it."""
    sentence = (view.__doc__ or view.__name__).partition("\n")[0]
    return ResponseSpec(view, description=sentence, generate_examples=False)


def json_answer(
    view: View, *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    return ready(msgspec.json.encode(view), status_code=status_code, headers=headers)


def ready(
    body: bytes, *, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response[bytes]:
    """Return an answer of JSON that is ready to send."""
    return Response(body, status_code=status_code, headers=headers, media_type="application/json")


class Risk(View):
    """How risky the change was judged; `score` is 0 to 100."""

    level: str
    score: float


class Contribution(View):
    """Points of a risk, and what they are for."""

    points: int
    reason: str


class PlanRisk(Risk):
    """How risky the change is judged, with the three biggest contributions."""

    contributions: list[Contribution]


class SuccessVerdict(View):
    """How good the success is."""

    clean: bool
    label: str
    legacy: bool
    reason: str
    status: str
    waived: bool


class StepView(View):
    """One stage of the pipeline; `version` counts its attempts."""

    completed_at: Moment | None
    duration_ms: int | None
    id: Uuid
    name: str
    output: str | None
    sort_order: int
    started_at: Moment | None
    status: Annotated[str, choices(["pending", *Result])]
    version: int


class Validation(View):
    """How a check was made, and how it ended."""

    artifact_refs: list[str]
    duration_ms: int | None
    exit_code: int | None
    failure_card: Json | None
    log_excerpt: str | None
    mode: str
    profile: str | None


class Waiver(View):
    """Who accepted a failed check, and why."""

    actor: str
    audit_status: str
    confirmation: str
    expires_at: Moment | None
    id: str
    reason: str
    scope: str


class EvidenceView(View):
    """One check that really ran."""

    artifact_refs: list[str]
    completed_at: Moment | None
    duration_ms: int | None
    gate_key: str
    log_refs: list[str]
    name: str
    outcome: str
    required: bool
    started_at: Moment | None
    status: str
    summary: str
    validation: Validation
    waiver: Waiver | None


class FindingView(View):
    """One fact that a check found."""

    class_: str = msgspec.field(name="class")
    confidence: float
    evidence_excerpt: str
    gate_action: Annotated[str, choices(GateAction)]
    metadata: Json
    severity: Annotated[str, choices(Severity)]


class DeploymentView(View):
    """A deployment: what was asked for, how far it is, and what was seen on the way."""

    active_color: ActiveColour | None
    branch: str | None
    commit_author: str | None
    commit_author_avatar: str | None
    commit_message: str | None
    commit_sha: str | None
    completed_at: Moment | None
    created_at: Moment
    duration_ms: int | None
    error_message: str | None
    evidence: list[EvidenceView]
    findings: list[FindingView]
    id: Uuid
    image_tag: str | None
    instance_id: Uuid
    previous_commit_sha: str | None
    previous_deployment_id: Uuid | None
    project_id: Uuid
    risk: Risk | None
    snapshot_id: str | None
    started_at: Moment | None
    status: Annotated[str, choices(Status)]
    steps: list[StepView]
    success_verdict: SuccessVerdict | None
    trigger_type: Annotated[str, choices(Trigger)]
    updated_at: Moment


class PlannedModule(View):
    """A module that would be installed or updated, and why."""

    action: Annotated[str, choices(["install", "update"])]
    name: str
    reason: str
    version: str


class WindowView(View):
    """How long users would wait; null when no earlier update tells."""

    estimated_ms: int | None
    reason: str


class PlanView(View):
    """What a deployment would do. `reason` says why it would not go on, where it is blocked."""

    blocked: bool
    changed_files: int | None
    commit_message: str | None
    commit_sha: str | None
    evidence: list[EvidenceView]
    findings: list[FindingView]
    instance_id: Uuid
    modules: list[PlannedModule]
    previous_commit_sha: str | None
    previous_deployment_id: Uuid | None
    profile: Annotated[str, choices(Profile)]
    project_id: Uuid
    reason: str | None
    risk: PlanRisk | None
    scripts: list[str]
    touches_database: bool | None
    window: WindowView | None


class DeploymentPage(View):
    """A page of deployments, newest first."""

    deployments: list[DeploymentView]
    limit: int
    offset: int
    total: int


class SectionView(View):
    """Lines of the download that belong together, both ends included."""

    end_line: int
    line_count: int
    name: str
    start_line: int


class WarningGroupView(View):
    """Warnings that differ only in ids, paths and numbers."""

    category: str
    count: int
    logger: str
    message: str
    severity: str


class LogSummaryView(View):
    """What the log of a deployment says; null where it is silent."""

    duration_ms: int | None
    error_count: int
    odoo_version: str | None
    sections: list[SectionView]
    success: bool | None
    total_modules: int | None
    updated_modules: list[str]
    warning_count: int
    warning_groups: list[WarningGroupView]
