import psycopg
import pytest

from ocore.errors import StepFailed
from ocore.kit.postgres import PostgresServer
from ocore.storage.database import transaction
from ocore.storage.schema import migrate
from tests.storage.records import Records

TABLES = [
    "projects",
    "instances",
    "deployments",
    "journal",
    "idempotency_keys",
    "audit_log",
    "snapshots",
    "snapshot_settings",
    "waivers",
    "auto_deploys",
    "webhooks",
]


async def keep_something(records: Records) -> None:
    """Let both organizations have something in every table."""
    async with transaction(records.pool, "*") as connection:
        await connection.execute(
            "INSERT INTO snapshots (id, organization_id, instance_id, status, reason)"
            " SELECT id, organization_id, id, 'pending', 'manual' FROM instances"
        )
        await connection.execute(
            "INSERT INTO waivers (id, organization_id, project_id, deployment_id, gate, scope,"
            " actor_id, actor, reason, confirmation, created_at, expires_at)"
            " SELECT id, organization_id, project_id, id, '', '', '', '', '', '', now(), now()"
            " FROM deployments"
        )
        await connection.execute(
            "INSERT INTO snapshot_settings (instance_id, organization_id, settings)"
            " SELECT id, organization_id, '{}' FROM instances"
        )
        await connection.execute(
            "INSERT INTO auto_deploys (instance_id, organization_id, enabled, branch_pattern)"
            " SELECT id, organization_id, true, 'main' FROM instances"
        )
        await connection.execute(
            "INSERT INTO webhooks (project_id, organization_id, version)"
            " SELECT id, organization_id, id FROM projects"
        )


@pytest.mark.parametrize("table", TABLES)
async def test_a_query_that_forgets_to_filter_sees_one_organization(
    records: Records, table: str
) -> None:
    await records.ask(key="k")
    await records.acme.requests.request_cancel((await records.ask()).id, by="ana")
    await keep_something(records)
    async with transaction(records.pool, records.acme.organization_id) as connection:
        rows = await connection.execute(f"SELECT DISTINCT organization_id::text FROM {table}")
        assert await rows.fetchall() == [(records.acme.organization_id,)]


@pytest.mark.parametrize("table", TABLES)
async def test_a_transaction_that_names_no_organization_sees_nothing(
    records: Records, table: str
) -> None:
    await records.ask(key="k")
    async with records.pool.connection() as connection:
        rows = await connection.execute(f"SELECT count(*) FROM {table}")
        assert await rows.fetchone() == (0,)


async def test_a_row_cannot_be_moved_to_another_organization(records: Records) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with transaction(records.pool, records.acme.organization_id) as connection:
            await connection.execute(
                "UPDATE projects SET organization_id = %s", [records.other.organization_id]
            )


async def test_a_role_that_row_level_security_ignores_is_refused(
    postgres_server: PostgresServer,
) -> None:
    with pytest.raises(StepFailed, match="sees every organization's rows"):
        await migrate(postgres_server.conninfo("postgres"))
