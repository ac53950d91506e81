"""Which PostgreSQL servers the platform uses, and who it is on them."""

from pathlib import Path
from typing import Final

from psycopg.conninfo import conninfo_to_dict

from ocore.embedded.postgres import Cluster
from ocore.embedded.secrets import secret
from ocore.embedded.settings import Settings
from ocore.embedded.users import PlatformUsers
from ocore.errors import Malformed
from ocore.kit.postgres import PostgresServer

DATABASE: Final = "ocore"
"""The platform's own database on the embedded server, and its role there."""


def cluster_of(settings: Settings, users: PlatformUsers) -> Cluster:
    return Cluster(settings.home, users.postgres)


def needs_cluster(settings: Settings) -> bool:
    """Say whether anything is kept on the embedded server."""
    return settings.database_url is None or settings.odoo_database_url is None


def odoo_server(settings: Settings, users: PlatformUsers) -> PostgresServer:
    """Return the server of the instances' databases."""
    if settings.odoo_database_url is None:
        return cluster_of(settings, users).server()
    found = conninfo_to_dict(settings.odoo_database_url)
    if settings.postgres_binaries is None:
        raise Malformed(
            "OCORE_ODOO_DATABASE_URL needs OCORE_POSTGRES_BINARIES: the folder of pg_dump",
            code="bad_setting",
            field="OCORE_POSTGRES_BINARIES",
        )
    host = str(found.get("host", "localhost"))
    return PostgresServer(
        host=host,
        port=int(found.get("port") or 5432),
        user=str(found.get("user", "")),
        password=str(found.get("password", "")),
        binaries=str(Path(settings.postgres_binaries)),
        sockets=host if host.startswith("/") else None,
    )


def platform_conninfo(settings: Settings, users: PlatformUsers) -> str:
    """Return how the platform reaches its own records."""
    if settings.database_url is not None:
        return settings.database_url
    server = cluster_of(settings, users).server()
    own = PostgresServer(
        host=server.host,
        port=server.port,
        user=DATABASE,
        password=database_password(settings),
        binaries=server.binaries,
    )
    return own.conninfo(DATABASE)


def database_password(settings: Settings) -> str:
    return secret(settings.home.secrets, "database-password")


def platform_secret(settings: Settings) -> str:
    """Return the secret from which the instances' passwords are derived."""
    return secret(settings.home.secrets, "platform-secret")
