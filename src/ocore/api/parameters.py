"""Parameters that several routes share. Ids in a path are UUIDs, or there is no such path."""

from typing import Annotated
from uuid import UUID

from litestar.params import HeaderParameter, PathParameter, QueryParameter

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Results per page.")]
Offset = Annotated[
    int, QueryParameter(ge=0, le=2**31 - 1, description="How many results to leave out first.")
]
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Asking again with the same key returns the first answer.",
    ),
]


def project_id(
    projectId: Annotated[UUID, PathParameter(description="Project UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(projectId)


def deployment_id(
    deploymentId: Annotated[UUID, PathParameter(description="Deployment UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(deploymentId)


def environment_id(
    environmentId: Annotated[UUID, PathParameter(description="Environment UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(environmentId)


def snapshot_id(
    snapshotId: Annotated[UUID, PathParameter(description="Snapshot UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(snapshotId)


def waiver_id(
    waiverId: Annotated[UUID, PathParameter(description="Waiver UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(waiverId)


def instance_id(
    instanceId: Annotated[UUID, PathParameter(description="Instance UUID")],  # noqa: N803 - as in the path
) -> str:
    return str(instanceId)
